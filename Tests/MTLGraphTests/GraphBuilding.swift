import TestSupport

@testable import MTLGraph

/// Shorthand for layers with random weights.
extension Graph {
  mutating func convolution(
    _ name: String, _ input: ValueID, _ inputs: Int, _ outputs: Int, bias: Bool = false, _ random: inout SeededRandom
  ) -> ValueID {
    var operands = [input, addConstant(random.tensor([outputs, inputs, 3, 3]))]
    if bias { operands.append(addConstant(random.tensor([outputs]))) }
    return add(Convolution(padding: .init(1)), name: name, operands)
  }

  mutating func linear(
    _ name: String, _ input: ValueID, _ inputs: Int, _ outputs: Int, bias: Bool = false, _ random: inout SeededRandom
  ) -> ValueID {
    var operands = [input, addConstant(random.tensor([outputs, inputs]))]
    if bias { operands.append(addConstant(random.tensor([outputs]))) }
    return add(Gemm(), name: name, operands)
  }

  mutating func normalization(
    _ name: String, _ input: ValueID, _ channels: Int, _ random: inout SeededRandom
  ) -> ValueID {
    let statistics = [
      random.tensor([channels]), random.tensor([channels]), random.tensor([channels]),
      random.tensor([channels], in: 0.1...2),
    ]
    return add(BatchNormalization(epsilon: 1e-3), name: name, [input] + statistics.map { addConstant($0) })
  }

  var names: [String] { nodes.map(\.name) }
}
