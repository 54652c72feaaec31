import Glibc

/// 1 / (1 + exp(-x))
public struct Sigmoid: ElementwiseOperator {
  public static let name = "Sigmoid"
  public init() {}
  public func apply(_ value: Float) -> Float { 1 / (1 + exp(-value)) }
}
