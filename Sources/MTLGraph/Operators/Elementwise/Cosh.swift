import Glibc

/// The hyperbolic cosine.
public struct Cosh: ElementwiseOperator, StandardOperator {
  public static let name = "Cosh"
  public static let imports = [OperatorImport(name) { _ in Cosh() }]
  public init() {}
  public func apply(_ value: Float) -> Float { cosh(value) }
  public func apply(_ value: Double) -> Double { cosh(value) }
}
