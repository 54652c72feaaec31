import Glibc

/// Hyperbolic tangent.
public struct Tanh: ElementwiseOperator {
  public static let name = "Tanh"
  public init() {}
  public func apply(_ value: Float) -> Float { tanh(value) }
}
