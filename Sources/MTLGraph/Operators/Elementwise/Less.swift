/// Whether left < right.
public struct Less: ComparisonOperator, StandardOperator {
  public static let name = "Less"
  public static let imports = [OperatorImport(name) { _ in Less() }]
  public init() {}
  func holds(_ left: Double, _ right: Double) -> Bool { left < right }
  func holds(_ left: Int, _ right: Int) -> Bool { left < right }
}
