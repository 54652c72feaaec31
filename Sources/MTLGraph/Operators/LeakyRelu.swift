/// x where positive, else slope * x.
public struct LeakyRelu: ElementwiseOperator {
  public static let name = "LeakyRelu"
  /// PyTorch's and ONNX's default is 0.01.
  public let slope: Float

  public init(slope: Float = 0.01) {
    self.slope = slope
  }

  public func apply(_ value: Float) -> Float { value >= 0 ? value : value * slope }
}
