/// x moved towards zero by bias, and zero within lambd of it.
public struct Shrink: ElementwiseOperator, StandardOperator {
  public static let name = "Shrink"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      Shrink(threshold: try attributes.float("lambd", default: 0.5), bias: try attributes.float("bias", default: 0))
    }
  ]
  public let threshold: Float
  public let bias: Float

  public init(threshold: Float = 0.5, bias: Float = 0) {
    self.threshold = threshold
    self.bias = bias
  }

  public func apply(_ value: Float) -> Float {
    value < -threshold ? value + bias : value > threshold ? value - bias : 0
  }
}
