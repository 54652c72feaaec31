/// Layer normalisation along one axis: (x - mean) / sqrt(variance + epsilon) * scale + bias.
///
/// Inputs: x, then scale and bias of that axis's size. Tokens are images here, so the axis is mostly 1, the channels.
public struct LayerNormalization: AxisOperator {
  public static let name = "LayerNormalization"
  /// Negative counts from the last axis.
  public let axis: Int
  /// Not stored in checkpoints: 1e-5 is PyTorch's default, 1e-6 timm's for ViT.
  public let epsilon: Float

  public init(axis: Int = 1, epsilon: Float = 1e-5) {
    self.axis = axis
    self.epsilon = epsilon
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 3...3)
    let size = inputs[0][try axis(of: inputs[0])]
    for (what, shape) in zip(["scale", "bias"], inputs.dropFirst()) where shape.dimensions != [size] {
      throw MTLError(.shapeMismatch, what, expected: "\(size)", found: "\(shape)")
    }
    return [inputs[0]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let scale = try inputs[1].floats()
    let bias = try inputs[2].floats()
    return [
      try inputs[0].mapLines(axis: axis(of: inputs[0].shape)) { line in
        let mean = line.reduce(0.0) { $0 + Double($1) } / Double(line.count)
        let variance = line.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(line.count)
        let factor = 1 / (variance + Double(epsilon)).squareRoot()
        for index in line.indices {
          line[index] = Float((Double(line[index]) - mean) * factor) * scale[index] + bias[index]
        }
      }
    ]
  }
}
