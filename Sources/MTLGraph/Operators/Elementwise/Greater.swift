/// Whether left > right.
public struct Greater: ComparisonOperator, StandardOperator {
  public static let name = "Greater"
  public static let imports = [OperatorImport(name) { _ in Greater() }]
  public init() {}
  func holds(_ left: Double, _ right: Double) -> Bool { left > right }
  func holds(_ left: Int, _ right: Int) -> Bool { left > right }
}
