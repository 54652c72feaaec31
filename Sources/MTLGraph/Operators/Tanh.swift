import Glibc

/// Hyperbolic tangent.
public struct Tanh: ElementwiseOperator, StandardOperator {
  public static let name = "Tanh"
  public static let imports = [OperatorImport(name) { _ in Tanh() }]
  public init() {}
  public func apply(_ value: Float) -> Float { tanh(value) }
}
