import Glibc

/// x / (1 + exp(-alpha * x))
public struct Swish: ElementwiseOperator, StandardOperator {
  public static let name = "Swish"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      Swish(alpha: try attributes.float("alpha", default: 1))
    }
  ]
  public let alpha: Float

  public init(alpha: Float = 1) {
    self.alpha = alpha
  }

  public func apply(_ value: Float) -> Float { value / (1 + exp(-alpha * value)) }
}
