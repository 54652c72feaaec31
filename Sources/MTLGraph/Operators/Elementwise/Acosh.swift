import Glibc

/// The inverse of the hyperbolic cosine.
public struct Acosh: ElementwiseOperator, StandardOperator {
  public static let name = "Acosh"
  public static let imports = [OperatorImport(name) { _ in Acosh() }]
  public init() {}
  public func apply(_ value: Float) -> Float { acosh(value) }
  public func apply(_ value: Double) -> Double { acosh(value) }
}
