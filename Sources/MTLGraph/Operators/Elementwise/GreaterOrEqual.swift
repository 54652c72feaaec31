/// Whether left >= right.
public struct GreaterOrEqual: ComparisonOperator, StandardOperator {
  public static let name = "GreaterOrEqual"
  public static let imports = [OperatorImport(name) { _ in GreaterOrEqual() }]
  public init() {}
  func holds(_ left: Double, _ right: Double) -> Bool { left >= right }
  func holds(_ left: Int, _ right: Int) -> Bool { left >= right }
}
