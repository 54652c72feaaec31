/// max(x, 0)
public struct Relu: ElementwiseOperator {
  public static let name = "Relu"
  public init() {}
  public func apply(_ value: Float) -> Float { value > 0 || value.isNaN ? value : 0 }
}
