/// The next whole number from x upwards.
public struct Ceil: ElementwiseOperator, StandardOperator {
  public static let name = "Ceil"
  public static let imports = [OperatorImport(name) { _ in Ceil() }]
  public init() {}
  public func apply(_ value: Float) -> Float { value.rounded(.up) }
  public func apply(_ value: Double) -> Double { value.rounded(.up) }
}
