/// Puts each element back where a maximum pooling found it, zeros elsewhere: PyTorch's `max_unpool2d`. Inputs: x, the
/// indices of `MaxPoolWithIndices`, and a value whose rows and columns the output gets. Of two elements with one index
/// the last counts.
public struct MaxUnpool: Operator {
  public static let name = "MaxUnpool"

  public init() {}

  public func readsShapeOnly(input: Int) -> Bool { input == 2 }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 3...3)
    for shape in inputs { try requireRank(shape, 4) }
    guard inputs[0] == inputs[1] else {
      throw MTLError(.shapeMismatch, "indices", expected: "\(inputs[0])", found: "\(inputs[1])")
    }
    guard inputs[2][2] * inputs[2][3] <= MaxPoolWithIndices.maximumPlane else {
      throw MTLError(.limit, "output", expected: "at most 2^24 pixels", found: "\(inputs[2])")
    }
    return [[inputs[0][0], inputs[0][1], inputs[2][2], inputs[2][3]]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let (shape, output) = (inputs[0].shape, try outputShapes(inputs.map(\.shape))[0])
    let (x, indices) = (try inputs[0].floats(), try inputs[1].floats())
    let (pixels, outputPixels) = (shape[2] * shape[3], output[2] * output[3])
    var result = [Float](repeating: 0, count: output.elementCount)
    for index in x.indices {
      // Indices are numbers of the network: those that lead nowhere, NaN among them, are left out.
      guard indices[index] >= 0, indices[index] < Float(outputPixels) else { continue }
      result[index / pixels * outputPixels + Int(indices[index])] = x[index]
    }
    return [Tensor(result, shape: output)]
  }
}
