/// Normalisation over all axes from one on, then scale and bias that broadcast. Further outputs are the mean and one over
/// the standard deviation. Special form: `LayerNormalization`.
public struct GeneralLayerNormalization: GeneralOperator, StandardOperator {
  public static let name = "LayerNormalization"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GeneralLayerNormalization(
        axis: try attributes.integer("axis", default: -1), epsilon: try attributes.float("epsilon", default: 1e-5),
        outputCount: min(max(attributes.outputCount, 1), 3))
    }
  ]
  private let axis: Int
  private let epsilon: Float
  public let outputCount: Int

  public init(axis: Int, epsilon: Float, outputCount: Int = 1) {
    self.axis = axis
    self.epsilon = epsilon
    self.outputCount = outputCount
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape else { return [Fact](repeating: Fact(input.type, nil), count: outputCount) }
    let axis = try shape.axis(axis)
    let inner = Shape(Array(shape.dimensions[axis...]))
    for position in 1...2 {
      guard let other = position == 1 ? try inputs.required(1).shape : inputs.optional(2)?.shape else { continue }
      guard Shape.broadcast(other, inner) == inner else {
        throw MTLError(.shapeMismatch, "input \(position)", expected: "\(inner)", found: "\(other)")
      }
    }
    let statistics = Shape(shape.dimensions.indices.map { $0 < axis ? shape[$0] : 1 })
    return [Fact(input.type, shape)] + [Fact](repeating: Fact(.float32, statistics), count: outputCount - 1)
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let axis = try input.shape.axis(axis)
    let inner = Shape(Array(input.shape.dimensions[axis...]))
    let scale = try inputs.required(1).broadcast(to: inner).doubles()
    let bias = try inputs.optional(2)?.broadcast(to: inner).doubles()
    var values = input.doubles()
    let length = inner.elementCount
    var (means, deviations): ([Double], [Double]) = ([], [])
    for start in stride(from: 0, to: length == 0 ? 0 : values.count, by: max(length, 1)) {
      let line = start..<start + length
      let mean = values[line].reduce(0, +) / Double(length)
      let variance = values[line].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(length)
      means.append(mean)
      deviations.append(1 / (variance + Double(epsilon)).squareRoot())
      normalize(&values, line, epsilon: Double(epsilon)) { $0 * scale[$1] + (bias?[$1] ?? 0) }
    }
    let statistics = Shape(input.shape.dimensions.indices.map { $0 < axis ? input.shape[$0] : 1 })
    if length == 0 {
      // Statistics of nothing.
      means = [Double](repeating: .nan, count: statistics.elementCount)
      deviations = means
    }
    let results = [
      Tensor(values, as: input.type, shape: input.shape), Tensor(means, as: .float32, shape: statistics),
      Tensor(deviations, as: .float32, shape: statistics),
    ]
    return Array(results.prefix(outputCount))
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard outputCount == 1, let input = inputs.optional(0), let shape = input.fact.shape, shape.rank >= 1,
      input.fact.type == .float32, try shape.axis(axis) == shape.rank - 1, let scale = inputs.optional(1),
      let size = shape.dimensions.last, scale.fact.shape?.dimensions == [size]
    else { return nil }
    let zeros = Tensor([Float](repeating: 0, count: size), shape: [size])
    guard inputs.optional(2) == nil || inputs.optional(2)?.fact.shape?.dimensions == [size] else { return nil }
    let bias = inputs.optional(2)?.id ?? specializer.addConstant(zeros)
    return try specializer.add(LayerNormalization(axis: -1, epsilon: epsilon), [input.id, scale.id, bias])
  }
}
