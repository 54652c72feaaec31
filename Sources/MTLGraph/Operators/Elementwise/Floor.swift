/// The next whole number from x downwards.
public struct Floor: ElementwiseOperator, StandardOperator {
  public static let name = "Floor"
  public static let imports = [OperatorImport(name) { _ in Floor() }]
  public init() {}
  public func apply(_ value: Float) -> Float { value.rounded(.down) }
  public func apply(_ value: Double) -> Double { value.rounded(.down) }
}
