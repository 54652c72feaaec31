import Glibc

/// The error function.
public struct Erf: ElementwiseOperator, StandardOperator {
  public static let name = "Erf"
  public static let imports = [OperatorImport(name) { _ in Erf() }]
  public init() {}
  public func apply(_ value: Float) -> Float { erf(value) }
  public func apply(_ value: Double) -> Double { erf(value) }
}
