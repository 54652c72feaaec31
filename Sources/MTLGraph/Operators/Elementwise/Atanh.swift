import Glibc

/// The inverse of the hyperbolic tangent.
public struct Atanh: ElementwiseOperator, StandardOperator {
  public static let name = "Atanh"
  public static let imports = [OperatorImport(name) { _ in Atanh() }]
  public init() {}
  public func apply(_ value: Float) -> Float { atanh(value) }
  public func apply(_ value: Double) -> Double { atanh(value) }
}
