import Glibc

/// log(1 + exp(x)), without overflow.
public struct Softplus: ElementwiseOperator, StandardOperator {
  public static let name = "Softplus"
  public static let imports = [OperatorImport(name) { _ in Softplus() }]
  public init() {}
  public func apply(_ value: Float) -> Float { max(value, 0) + log1p(exp(-abs(value))) }
  public func apply(_ value: Double) -> Double { max(value, 0) + log1p(exp(-abs(value))) }
}
