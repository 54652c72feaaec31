/// Whether left = right.
public struct Equal: ComparisonOperator, StandardOperator {
  public static let name = "Equal"
  public static let imports = [OperatorImport(name) { _ in Equal() }]
  public init() {}
  func holds(_ left: Double, _ right: Double) -> Bool { left == right }
  func holds(_ left: Int, _ right: Int) -> Bool { left == right }
}
