import Glibc

/// x * tanh(log(1 + exp(x))): "Mish" (Misra, 2019).
public struct Mish: ElementwiseOperator, StandardOperator {
  public static let name = "Mish"
  public static let imports = [OperatorImport(name) { _ in Mish() }]
  public init() {}
  public func apply(_ value: Float) -> Float { value * tanh(max(value, 0) + log1p(exp(-abs(value)))) }
  public func apply(_ value: Double) -> Double { value * tanh(max(value, 0) + log1p(exp(-abs(value)))) }
}
