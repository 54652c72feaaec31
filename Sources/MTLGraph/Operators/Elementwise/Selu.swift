import Glibc

/// gamma * (x where positive, else alpha * (exp(x) - 1)).
public struct Selu: ElementwiseOperator, StandardOperator {
  public static let name = "Selu"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      Selu(
        alpha: try attributes.float("alpha", default: 1.67326319217681884765625),
        gamma: try attributes.float("gamma", default: 1.05070102214813232421875))
    }
  ]
  public let alpha: Float
  public let gamma: Float

  public init(alpha: Float = 1.67326319217681884765625, gamma: Float = 1.05070102214813232421875) {
    self.alpha = alpha
    self.gamma = gamma
  }

  public func apply(_ value: Float) -> Float { gamma * (value > 0 ? value : alpha * expm1(value)) }
}
