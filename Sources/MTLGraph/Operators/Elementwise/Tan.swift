import Glibc

/// The tangent.
public struct Tan: ElementwiseOperator, StandardOperator {
  public static let name = "Tan"
  public static let imports = [OperatorImport(name) { _ in Tan() }]
  public init() {}
  public func apply(_ value: Float) -> Float { tan(value) }
  public func apply(_ value: Double) -> Double { tan(value) }
}
