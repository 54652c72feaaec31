/// max(x, 0)
public struct Relu: ElementwiseOperator, StandardOperator {
  public static let name = "Relu"
  public static let imports = [OperatorImport(name) { _ in Relu() }]
  public init() {}
  public func apply(_ value: Float) -> Float { value > 0 || value.isNaN ? value : 0 }
}
