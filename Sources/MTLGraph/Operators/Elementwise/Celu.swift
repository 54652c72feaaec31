import Glibc

/// x where positive, else alpha * (exp(x / alpha) - 1).
public struct Celu: ElementwiseOperator, StandardOperator {
  public static let name = "Celu"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      Celu(alpha: try attributes.float("alpha", default: 1))
    }
  ]
  public let alpha: Float

  public init(alpha: Float = 1) {
    self.alpha = alpha
  }

  public func apply(_ value: Float) -> Float { max(0, value) + min(0, alpha * expm1(value / alpha)) }
}
