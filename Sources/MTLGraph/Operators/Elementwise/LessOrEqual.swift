/// Whether left <= right.
public struct LessOrEqual: ComparisonOperator, StandardOperator {
  public static let name = "LessOrEqual"
  public static let imports = [OperatorImport(name) { _ in LessOrEqual() }]
  public init() {}
  func holds(_ left: Double, _ right: Double) -> Bool { left <= right }
  func holds(_ left: Int, _ right: Int) -> Bool { left <= right }
}
