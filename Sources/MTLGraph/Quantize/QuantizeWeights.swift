/// Weights in whole numbers from -127 to 127, each row, the weights of one output, with a step of its own.
public struct QuantizedWeights: Sendable {
  /// int8, in the shape of the weights.
  public let tensor: Tensor
  /// Of each row.
  public let scales: [Float]

  /// Floats that are such numbers times such a step already give the same numbers and steps.
  public init(_ weights: Tensor, of subject: @autoclosure () -> String) throws(MTLError) {
    let values = try weights.floats(of: subject())
    let rows = weights.shape.dimensions.first ?? 1
    let width = rows > 0 ? values.count / rows : 0
    var codes: [Int8] = []
    codes.reserveCapacity(values.count)
    var scales: [Float] = []
    for row in 0..<rows {
      let row = values[row * width..<(row + 1) * width]
      let largest = row.reduce(0) { $1.magnitude > $0 || $1.isNaN ? $1.magnitude : $0 }
      guard largest.isFinite else { throw MTLError(.unsupported, subject(), "has weights that are no finite numbers") }
      let scale = QuantizedWeights.scale(largest)
      scales.append(scale)
      for value in row { codes.append(Int8(max(-127, min((value / scale).rounded(.toNearestOrEven), 127)))) }
    }
    tensor = Tensor(elements: codes, .int8, weights.shape)
    self.scales = scales
  }

  /// A step of which 127 are the largest number of a row. The way there and back makes it one that is found again.
  private static func scale(_ largest: Float) -> Float {
    let scale = largest / 127 * 127 / 127
    return scale.isNormal ? scale : 1
  }
}

extension Graph {
  /// Constants that are weights of convolutions, and that nothing else reads.
  package func valuesOnlyReadAsWeights() -> Set<ValueID> {
    var (weights, others) = (Set<ValueID>(), Set(outputs.map(\.value)))
    for node in nodes {
      let isConvolution = node.operation is Convolution || node.operation is GeneralConvolution
      for (position, value) in node.inputs.enumerated() where constants[value] != nil {
        if isConvolution, position == 1 { weights.insert(value) } else { others.insert(value) }
      }
    }
    return weights.subtracting(others)
  }

  /// Names of weights that the graph has as whole numbers, and not as floats as well.
  package var quantizedWeightNames: Set<String> {
    var (whole, others) = (Set<String>(), Set<String>())
    for (value, name) in constantNames {
      if constants[value]?.type == .int8 { whole.insert(name) } else { others.insert(name) }
    }
    return whole.subtracting(others)
  }
}
