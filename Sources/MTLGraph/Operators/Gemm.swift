/// A fully connected layer, as PyTorch's `linear`: x N x I, weight O x I, optional bias O; ONNX's Gemm with transB.
public struct Gemm: Operator {
  public static let name = "Gemm"

  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 2...3)
    try requireRank(inputs[0], 2)
    try requireRank(inputs[1], 2, "weight")
    guard inputs[0][1] == inputs[1][1] else {
      throw MTLError(
        .shapeMismatch, "input", expected: "\(inputs[1][1]) features for a weight of \(inputs[1])",
        found: "\(inputs[0][1])")
    }
    if inputs.count == 3, inputs[2].dimensions != [inputs[1][0]] {
      throw MTLError(.shapeMismatch, "bias", expected: "\(inputs[1][0])", found: "\(inputs[2])")
    }
    return [[inputs[0][0], inputs[1][0]]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let (rows, depth, columns) = (inputs[0].shape[0], inputs[0].shape[1], inputs[1].shape[0])
    let x = try inputs[0].floats()
    let weight = try inputs[1].floats()
    let bias = inputs.count == 3 ? try inputs[2].floats() : [Float](repeating: 0, count: columns)
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

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    outputs[0].elementCount.saturatingProduct(inputs[1][1])
  }
}
