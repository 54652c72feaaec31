/// The square root.
public struct Sqrt: ElementwiseOperator, StandardOperator {
  public static let name = "Sqrt"
  public static let imports = [OperatorImport(name) { _ in Sqrt() }]
  public init() {}
  public func apply(_ value: Float) -> Float { value.squareRoot() }
  public func apply(_ value: Double) -> Double { value.squareRoot() }
}
