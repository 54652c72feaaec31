/// A sum of tensors of one shape, each times a factor: what gates do to experts and cross-stitch units to tasks.
///
/// Inputs: the factors, then `count` tensors N x C x ... . Factors are N x count or 1 x count (one for each image and
/// tensor), or 1 x count x C (one for each channel).
public struct WeightedSum: Operator {
  public static let name = "WeightedSum"
  public let count: Int

  public init(count: Int) {
    self.count = count
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    guard count >= 1 else { throw MTLError(.shapeMismatch, "count", expected: "at least 1", found: "\(count)") }
    try requireInputs(inputs, count + 1...count + 1)
    let (factors, shape) = (inputs[0], inputs[1])
    for other in inputs.dropFirst(2) where other != shape {
      throw MTLError(.shapeMismatch, "inputs", expected: "one shape, \(shape)", found: "\(other)")
    }
    let isOneEach = factors.rank == 2 && shape.rank >= 1 && (factors[0] == 1 || factors[0] == shape[0])
    let isByChannel = factors.rank == 3 && shape.rank >= 2 && factors[0] == 1 && factors[2] == shape[1]
    guard isOneEach || isByChannel, factors[1] == count else {
      throw MTLError(
        .shapeMismatch, "factors", expected: "N x \(count) or 1 x \(count) x C for inputs of \(shape)",
        found: "\(factors)")
    }
    return [shape]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let shape = inputs[1].shape
    let (factors, factorShape) = (try inputs[0].floats(), inputs[0].shape)
    var result = [Float](repeating: 0, count: shape.elementCount)
    let perImage = shape.dimensions.dropFirst().reduce(1, *)
    let perChannel = shape.dimensions.dropFirst(2).reduce(1, *)
    for index in 0..<count {
      let values = try inputs[index + 1].floats()
      for element in values.indices {
        let image = factorShape[0] == 1 ? 0 : element / perImage
        let channel = factorShape.rank == 3 ? element % perImage / perChannel : 0
        let width = factorShape.rank == 3 ? factorShape[2] : 1
        result[element] += values[element] * factors[(image * count + index) * width + channel]
      }
    }
    return [Tensor(result, shape: shape)]
  }

  public func isParameter(input: Int) -> Bool { input == 0 }
}
