/// The magnitude.
public struct Abs: ElementwiseOperator, StandardOperator {
  public static let name = "Abs"
  public static let imports = [OperatorImport(name) { _ in Abs() }]
  public init() {}
  public func apply(_ value: Float) -> Float { value.magnitude }
  public func apply(_ value: Double) -> Double { value.magnitude }
  public func apply(_ value: Int) -> Int { value < 0 ? 0 &- value : value }
}
