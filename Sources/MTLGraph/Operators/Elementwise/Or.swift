/// Whether one of them is true.
public struct Or: ComparisonOperator, StandardOperator {
  public static let name = "Or"
  public static let imports = [OperatorImport(name) { _ in Or() }]
  public init() {}
  func holds(_ left: Double, _ right: Double) -> Bool { (left != 0) || (right != 0) }
  func holds(_ left: Int, _ right: Int) -> Bool { (left != 0) || (right != 0) }
}
