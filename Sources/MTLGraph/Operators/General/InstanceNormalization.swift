/// Normalisation of each image's channels over their pixels, then scale and bias of each channel.
public struct InstanceNormalization: GeneralOperator, StandardOperator {
  public static let name = "InstanceNormalization"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      InstanceNormalization(epsilon: try attributes.float("epsilon", default: 1e-5))
    }
  ]
  package let epsilon: Float

  public init(epsilon: Float) {
    self.epsilon = epsilon
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape else { return [Fact(input.type, nil)] }
    guard shape.rank >= 2 else { throw MTLError(.shapeMismatch, "input", expected: "N x C x ...", found: "\(shape)") }
    for position in 1...2 {
      if let other = try inputs.required(position).shape, other.dimensions != [shape[1]] {
        throw MTLError(.shapeMismatch, "input \(position)", expected: "\(shape[1])", found: "\(other)")
      }
    }
    return [Fact(input.type, shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    var values = input.doubles()
    let (scales, biases) = (try inputs.required(1).doubles(), try inputs.required(2).doubles())
    let pixels = input.shape.dimensions[2...].reduce(1, *)
    for plane in 0..<input.shape[0] * input.shape[1] {
      let range = plane * pixels..<(plane + 1) * pixels
      let channel = plane % input.shape[1]
      normalize(&values, range, epsilon: Double(epsilon)) { value, _ in value * scales[channel] + biases[channel] }
    }
    return [Tensor(values, as: input.type, shape: input.shape)]
  }
}

/// Brings the elements of a range to mean 0 and variance 1, and then through `change` with their place in the range.
func normalize(
  _ values: inout [Double], _ range: Range<Int>, epsilon: Double, _ change: (Double, Int) -> Double
) {
  guard !range.isEmpty else { return }
  let mean = values[range].reduce(0, +) / Double(range.count)
  let variance = values[range].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(range.count)
  let factor = 1 / (variance + epsilon).squareRoot()
  for index in range { values[index] = change((values[index] - mean) * factor, index - range.lowerBound) }
}
