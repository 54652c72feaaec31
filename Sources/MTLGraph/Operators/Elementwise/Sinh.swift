import Glibc

/// The hyperbolic sine.
public struct Sinh: ElementwiseOperator, StandardOperator {
  public static let name = "Sinh"
  public static let imports = [OperatorImport(name) { _ in Sinh() }]
  public init() {}
  public func apply(_ value: Float) -> Float { sinh(value) }
  public func apply(_ value: Double) -> Double { sinh(value) }
}
