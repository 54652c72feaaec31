import Glibc

/// The inverse of the sine.
public struct Asin: ElementwiseOperator, StandardOperator {
  public static let name = "Asin"
  public static let imports = [OperatorImport(name) { _ in Asin() }]
  public init() {}
  public func apply(_ value: Float) -> Float { asin(value) }
  public func apply(_ value: Double) -> Double { asin(value) }
}
