import Glibc

/// x * sigmoid(x), also called swish.
public struct Silu: ElementwiseOperator {
  public static let name = "Silu"
  public init() {}
  public func apply(_ value: Float) -> Float { value / (1 + exp(-value)) }
}
