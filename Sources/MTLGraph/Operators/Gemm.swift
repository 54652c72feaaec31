/// A fully connected layer, as PyTorch's `linear`: x N x I, weight O x I, optional bias O; ONNX's Gemm with transB. A fourth
/// input, also O, is a factor of each output's weights, as a convolution has it; those of int8 have one.
public struct Gemm: Operator {
  public static let name = "Gemm"

  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 2...4)
    try requireRank(inputs[0], 2)
    try requireRank(inputs[1], 2, "weight")
    guard inputs[0][1] == inputs[1][1] else {
      throw MTLError(
        .shapeMismatch, "input", expected: "\(inputs[1][1]) features for a weight of \(inputs[1])",
        found: "\(inputs[0][1])")
    }
    for (what, shape) in zip(["bias", "scale"], inputs.dropFirst(2)) where shape.dimensions != [inputs[1][0]] {
      throw MTLError(.shapeMismatch, what, expected: "\(inputs[1][0])", found: "\(shape)")
    }
    return [[inputs[0][0], inputs[1][0]]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let (rows, depth, columns) = (inputs[0].shape[0], inputs[0].shape[1], inputs[1].shape[0])
    let x = try inputs[0].floats()
    let weight = try (inputs.count == 4 ? inputs[1].scaledRows(by: inputs[3]) : inputs[1]).floats()
    let bias = inputs.count >= 3 ? try inputs[2].floats() : [Float](repeating: 0, count: columns)
    var result: [Float] = []
    result.reserveCapacity(rows * columns)
    for row in 0..<rows {
      for column in 0..<columns {
        var sum: Float = 0
        for k in 0..<depth { sum += x[row * depth + k] * weight[column * depth + k] }
        result.append(sum + bias[column])
      }
    }
    return [Tensor(result, shape: [rows, columns])]
  }

  /// A factor is no parameter of its own.
  public func isParameter(input: Int) -> Bool { input < 3 }

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    outputs[0].elementCount.saturatingProduct(inputs[1][1])
  }
}
