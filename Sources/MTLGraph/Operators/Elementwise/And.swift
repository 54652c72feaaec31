/// Whether both are true.
public struct And: ComparisonOperator, StandardOperator {
  public static let name = "And"
  public static let imports = [OperatorImport(name) { _ in And() }]
  public init() {}
  func holds(_ left: Double, _ right: Double) -> Bool { (left != 0) && (right != 0) }
  func holds(_ left: Int, _ right: Int) -> Bool { (left != 0) && (right != 0) }
}
