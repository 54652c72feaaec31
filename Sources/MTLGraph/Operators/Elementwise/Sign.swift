/// -1, 0 or 1.
public struct Sign: ElementwiseOperator, StandardOperator {
  public static let name = "Sign"
  public static let imports = [OperatorImport(name) { _ in Sign() }]
  public init() {}
  public func apply(_ value: Float) -> Float { value > 0 ? 1 : value < 0 ? -1 : value }
  public func apply(_ value: Double) -> Double { value > 0 ? 1 : value < 0 ? -1 : value }
  public func apply(_ value: Int) -> Int { value.signum() }
}
