/// Softmax over several tensors of one shape, for each element on its own: as many outputs as inputs. What a softmax
/// over the task axis of stacked feature maps is (MTI-Net's feature propagation).
public struct GroupSoftmax: Operator {
  public static let name = "GroupSoftmax"
  public let count: Int

  public init(count: Int) {
    self.count = count
  }

  public var outputCount: Int { count }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, max(count, 1)...max(count, 1))
    for shape in inputs where shape != inputs[0] {
      throw MTLError(.shapeMismatch, "inputs", expected: "one shape, \(inputs[0])", found: "\(shape)")
    }
    return inputs
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    var values: [[Float]] = []
    for input in inputs { values.append(try input.floats()) }
    for element in values[0].indices {
      var line = values.map { $0[element] }
      Softmax.apply(&line)
      for (index, value) in line.enumerated() { values[index][element] = value }
    }
    return values.map { Tensor($0, shape: inputs[0].shape) }
  }
}
