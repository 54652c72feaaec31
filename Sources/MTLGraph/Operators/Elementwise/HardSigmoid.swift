/// alpha * x + beta, between 0 and 1.
public struct HardSigmoid: ElementwiseOperator, StandardOperator {
  public static let name = "HardSigmoid"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      HardSigmoid(alpha: try attributes.float("alpha", default: 0.2), beta: try attributes.float("beta", default: 0.5))
    }
  ]
  public let alpha: Float
  public let beta: Float

  public init(alpha: Float = 0.2, beta: Float = 0.5) {
    self.alpha = alpha
    self.beta = beta
  }

  /// Whether x times it is x * min(max(x + 3, 0), 6) / 6.
  var isOfHardSwish: Bool { abs(alpha - 1.0 / 6) <= 1e-6 && beta == 0.5 }

  public func apply(_ value: Float) -> Float { max(0, min(1, alpha * value + beta)) }
}
