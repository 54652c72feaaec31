import Glibc

/// Local response normalisation: x / (bias + alpha / size * sum of squares over neighbouring channels) ^ beta.
public struct LRN: GeneralOperator, StandardOperator {
  public static let name = "LRN"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      guard let size = try attributes.integer("size") else { throw attributes.missing("size") }
      return LRN(
        size: size, alpha: try attributes.float("alpha", default: 1e-4),
        beta: try attributes.float("beta", default: 0.75), bias: try attributes.float("bias", default: 1))
    }
  ]
  /// Channels of a neighbourhood.
  private let size: Int
  private let alpha: Float
  private let beta: Float
  private let bias: Float

  public init(size: Int, alpha: Float = 1e-4, beta: Float = 0.75, bias: Float = 1) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.bias = bias
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inferring(inputs) { shapes throws(MTLError) in
      guard shapes[0].rank >= 2, (1...Window.maximumSide).contains(size) else {
        throw MTLError(
          .shapeMismatch, "input", expected: "N x C x ..., and a size of at least 1", found: "\(shapes[0])")
      }
      return [shapes[0]]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let values = input.doubles()
    let (channels, pixels) = (input.shape[1], input.shape.dimensions[2...].reduce(1, *))
    let result = values.indices.map { index -> Double in
      let channel = index / pixels % channels
      let first = max(channel - (size - 1) / 2, 0)
      let last = min(channel + size / 2, channels - 1)
      var squares = 0.0
      for other in first...last {
        let value = values[index + (other - channel) * pixels]
        squares += value * value
      }
      return values[index] / pow(Double(bias) + Double(alpha) / Double(size) * squares, Double(beta))
    }
    return [Tensor(result, as: input.type, shape: input.shape)]
  }
}
