/// The nearest whole number, of two the even one.
public struct Round: ElementwiseOperator, StandardOperator {
  public static let name = "Round"
  public static let imports = [OperatorImport(name) { _ in Round() }]
  public init() {}
  public func apply(_ value: Float) -> Float { value.rounded(.toNearestOrEven) }
  public func apply(_ value: Double) -> Double { value.rounded(.toNearestOrEven) }
}
