/// x where positive, else slope * x.
public struct LeakyRelu: ElementwiseOperator, StandardOperator {
  public static let name = "LeakyRelu"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      LeakyRelu(slope: try attributes.float("alpha", default: 0.01))
    }
  ]
  /// PyTorch's and ONNX's default is 0.01.
  public let slope: Float

  public init(slope: Float = 0.01) {
    self.slope = slope
  }

  public func apply(_ value: Float) -> Float { value >= 0 ? value : value * slope }
}
