/// Batch normalisation by the mean and variance of the batch itself, as some networks run it on purpose. Further outputs:
/// the given mean and variance, moved towards those of the batch.
public struct BatchStatisticsNormalization: GeneralOperator {
  public static let name = "BatchNormalization"
  private let epsilon: Float
  /// How much of the given statistics stays.
  private let momentum: Float
  public let outputCount: Int

  public init(epsilon: Float, momentum: Float, outputCount: Int) {
    self.epsilon = epsilon
    self.momentum = momentum
    self.outputCount = min(max(outputCount, 1), 3)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let facts = try (0..<5).map { position throws(MTLError) in try inputs.required(position) }
    let shapes = facts.compactMap(\.shape)
    let types = [facts[0].type, facts[3].type, facts[4].type]
    guard shapes.count == facts.count else { return types.prefix(outputCount).map { Fact($0, nil) } }
    _ = try BatchNormalization(epsilon: epsilon).outputShapes(shapes)
    return zip(types, [shapes[0], shapes[3], shapes[4]]).prefix(outputCount).map { Fact($0, $1) }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let shape = input.shape
    let (means, variances) = statistics(input.doubles(), shape)
    let mean = Tensor(means, as: .float32, shape: [shape[1]])
    let variance = Tensor(variances, as: .float32, shape: [shape[1]])
    let scaled = [input, try inputs.required(1), try inputs.required(2)].map { $0.converted(to: .float32) }
    let output = try BatchNormalization(epsilon: epsilon).evaluate(scaled + [mean, variance])[0]
    let moved = try [(3, means), (4, variances)].map { position, own throws(MTLError) in
      let given = try inputs.required(position)
      let mixed = zip(given.doubles(), own).map { $0 * Double(momentum) + $1 * (1 - Double(momentum)) }
      return Tensor(mixed, as: given.type, shape: given.shape)
    }
    return Array(([output.converted(to: input.type)] + moved).prefix(outputCount))
  }

  /// Mean and variance of each channel, over all its elements.
  private func statistics(_ values: [Double], _ shape: Shape) -> (means: [Double], variances: [Double]) {
    let (channels, inner) = (shape[1], shape.dimensions.dropFirst(2).reduce(1, *))
    let count = Double(shape[0] * inner)
    func mean(_ value: (Double, Int) -> Double) -> [Double] {
      var sums = [Double](repeating: 0, count: channels)
      for (index, each) in values.enumerated() {
        let channel = index / inner % channels
        sums[channel] += value(each, channel)
      }
      return sums.map { $0 / count }
    }
    let means = mean { value, _ in value }
    return (means, mean { value, channel in (value - means[channel]) * (value - means[channel]) })
  }
}
