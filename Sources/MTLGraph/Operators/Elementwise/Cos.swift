import Glibc

/// The cosine.
public struct Cos: ElementwiseOperator, StandardOperator {
  public static let name = "Cos"
  public static let imports = [OperatorImport(name) { _ in Cos() }]
  public init() {}
  public func apply(_ value: Float) -> Float { cos(value) }
  public func apply(_ value: Double) -> Double { cos(value) }
}
