/// x / (1 + |x|)
public struct Softsign: ElementwiseOperator, StandardOperator {
  public static let name = "Softsign"
  public static let imports = [OperatorImport(name) { _ in Softsign() }]
  public init() {}
  public func apply(_ value: Float) -> Float { value / (1 + abs(value)) }
  public func apply(_ value: Double) -> Double { value / (1 + abs(value)) }
}
