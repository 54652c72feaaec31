import Glibc

/// The sine.
public struct Sin: ElementwiseOperator, StandardOperator {
  public static let name = "Sin"
  public static let imports = [OperatorImport(name) { _ in Sin() }]
  public init() {}
  public func apply(_ value: Float) -> Float { sin(value) }
  public func apply(_ value: Double) -> Double { sin(value) }
}
