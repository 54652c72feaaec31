/// 1 / x
public struct Reciprocal: ElementwiseOperator, StandardOperator {
  public static let name = "Reciprocal"
  public static let imports = [OperatorImport(name) { _ in Reciprocal() }]
  public init() {}
  public func apply(_ value: Float) -> Float { 1 / value }
  public func apply(_ value: Double) -> Double { 1 / value }
}
