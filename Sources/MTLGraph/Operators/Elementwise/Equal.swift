/// Whether left = right.
public struct Equal: ComparisonOperator, StandardOperator {
  public static let name = "Equal"
  public static let imports = [OperatorImport(name) { _ in Equal() }]
  public init() {}
  public var takesText: Bool { true }
  func holds(_ left: Double, _ right: Double) -> Bool { left == right }
  func holds(_ left: Int, _ right: Int) -> Bool { left == right }
  // Swift's own equality sees one character in different bytes.
  func holds(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}
