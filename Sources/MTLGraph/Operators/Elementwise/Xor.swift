/// Whether just one of them is true.
public struct Xor: ComparisonOperator, StandardOperator {
  public static let name = "Xor"
  public static let imports = [OperatorImport(name) { _ in Xor() }]
  public init() {}
  func holds(_ left: Double, _ right: Double) -> Bool { (left != 0) != (right != 0) }
  func holds(_ left: Int, _ right: Int) -> Bool { (left != 0) != (right != 0) }
}
