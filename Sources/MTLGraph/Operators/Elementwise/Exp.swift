import Glibc

/// e to the power of x.
public struct Exp: ElementwiseOperator, StandardOperator {
  public static let name = "Exp"
  public static let imports = [OperatorImport(name) { _ in Exp() }]
  public init() {}
  public func apply(_ value: Float) -> Float { exp(value) }
  public func apply(_ value: Double) -> Double { exp(value) }
}
