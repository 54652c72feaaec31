/// x where above alpha, else 0.
public struct ThresholdedRelu: ElementwiseOperator, StandardOperator {
  public static let name = "ThresholdedRelu"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      ThresholdedRelu(alpha: try attributes.float("alpha", default: 1))
    }
  ]
  public let alpha: Float

  public init(alpha: Float = 1) {
    self.alpha = alpha
  }

  public func apply(_ value: Float) -> Float { value > alpha ? value : 0 }
}
