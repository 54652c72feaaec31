import Glibc

/// The inverse of the cosine.
public struct Acos: ElementwiseOperator, StandardOperator {
  public static let name = "Acos"
  public static let imports = [OperatorImport(name) { _ in Acos() }]
  public init() {}
  public func apply(_ value: Float) -> Float { acos(value) }
  public func apply(_ value: Double) -> Double { acos(value) }
}
