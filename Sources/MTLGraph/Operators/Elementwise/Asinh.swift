import Glibc

/// The inverse of the hyperbolic sine.
public struct Asinh: ElementwiseOperator, StandardOperator {
  public static let name = "Asinh"
  public static let imports = [OperatorImport(name) { _ in Asinh() }]
  public init() {}
  public func apply(_ value: Float) -> Float { asinh(value) }
  public func apply(_ value: Double) -> Double { asinh(value) }
}
