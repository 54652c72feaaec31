import Glibc

/// x where positive, else alpha * (exp(x) - 1).
public struct Elu: ElementwiseOperator, StandardOperator {
  public static let name = "Elu"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      Elu(alpha: try attributes.float("alpha", default: 1))
    }
  ]
  public let alpha: Float

  public init(alpha: Float = 1) {
    self.alpha = alpha
  }

  public func apply(_ value: Float) -> Float { value >= 0 ? value : alpha * expm1(value) }
}
