import Glibc

/// x * (1 + erf(x / sqrt(2))) / 2: the exact form of "Gaussian Error Linear Units" (Hendrycks and Gimpel, 2016).
public struct Gelu: ElementwiseOperator {
  public static let name = "Gelu"
  public init() {}
  public func apply(_ value: Float) -> Float { value * 0.5 * (1 + erf(value * Float(0.5).squareRoot())) }
}
