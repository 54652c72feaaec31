/// left / right, with broadcasting. Integers are cut towards zero, and anything by zero is zero.
public struct Div: BinaryOperator, StandardOperator {
  public static let name = "Div"
  public static let imports = [OperatorImport(name) { _ in Div() }]
  public init() {}
  public func apply(_ left: Float, _ right: Float) -> Float { left / right }
  public func apply(_ left: Double, _ right: Double) -> Double { left / right }
  public func apply(_ left: Int, _ right: Int) -> Int {
    right == 0 ? 0 : left.dividedReportingOverflow(by: right).partialValue
  }
}
