/// Batch normalisation with fixed statistics: (x - mean) / sqrt(variance + epsilon) * scale + bias for each channel.
/// Inputs: x N x C x ..., then scale, bias, mean and variance of C elements.
public struct BatchNormalization: Operator {
  public static let name = "BatchNormalization"
  /// Not stored in checkpoints: 1e-5 in torchvision, 1e-3 in some code bases.
  public let epsilon: Float

  public init(epsilon: Float = 1e-5) {
    self.epsilon = epsilon
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 5...5)
    guard inputs[0].rank >= 2 else {
      throw MTLError(.shapeMismatch, "input", expected: "at least 2 dimensions", found: "\(inputs[0])")
    }
    for (what, shape) in zip(["scale", "bias", "mean", "variance"], inputs.dropFirst())
    where shape.dimensions != [inputs[0][1]] {
      throw MTLError(.shapeMismatch, what, expected: "\(inputs[0][1])", found: "\(shape)")
    }
    return [inputs[0]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let shape = inputs[0].shape
    var x = try inputs[0].floats()
    let (factor, offset) = try factors(inputs)
    let inner = shape.dimensions.dropFirst(2).reduce(1, *)
    for index in x.indices {
      let channel = index / inner % shape[1]
      x[index] = x[index] * factor[channel] + offset[channel]
    }
    return [Tensor(x, shape: shape)]
  }

  /// Scale and bias are trained; mean and variance are statistics.
  public func isParameter(input: Int) -> Bool { input < 3 }

  /// The normalisation as one multiplication and one addition for each channel, rounded once from float64.
  package func factors(_ inputs: [Tensor]) throws(MTLError) -> (factor: [Float], offset: [Float]) {
    let scale = try inputs[1].floats()
    let bias = try inputs[2].floats()
    let mean = try inputs[3].floats()
    let variance = try inputs[4].floats()
    var factor: [Float] = []
    var offset: [Float] = []
    for channel in scale.indices {
      let value = Double(scale[channel]) / (Double(variance[channel]) + Double(epsilon)).squareRoot()
      factor.append(Float(value))
      offset.append(Float(Double(bias[channel]) - Double(mean[channel]) * value))
    }
    return (factor, offset)
  }
}
