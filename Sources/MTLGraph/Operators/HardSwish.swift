/// x * min(max(x + 3, 0), 6) / 6
public struct HardSwish: ElementwiseOperator {
  public static let name = "HardSwish"
  public init() {}
  public func apply(_ value: Float) -> Float { value.isNaN ? value : value * min(max(value + 3, 0), 6) / 6 }
}
