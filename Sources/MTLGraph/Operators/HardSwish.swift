/// x * min(max(x + 3, 0), 6) / 6
public struct HardSwish: ElementwiseOperator, StandardOperator {
  public static let name = "HardSwish"
  public static let imports = [OperatorImport(name) { _ in HardSwish() }]
  public init() {}
  public func apply(_ value: Float) -> Float { value.isNaN ? value : value * min(max(value + 3, 0), 6) / 6 }
}
