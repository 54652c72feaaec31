import Glibc

/// The inverse of the tangent.
public struct Atan: ElementwiseOperator, StandardOperator {
  public static let name = "Atan"
  public static let imports = [OperatorImport(name) { _ in Atan() }]
  public init() {}
  public func apply(_ value: Float) -> Float { atan(value) }
  public func apply(_ value: Double) -> Double { atan(value) }
}
