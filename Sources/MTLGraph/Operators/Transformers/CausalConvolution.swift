import Glibc

/// Depthwise convolution along a sequence that sees only the past, of which it keeps what the next call needs.
public struct CausalConvolution: GeneralOperator, StandardOperator {
  enum Activation: String, Sendable, CaseIterable { case none, silu, swish }

  public static let name = "CausalConvWithState"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      CausalConvolution(
        activation: try attributes.choice("activation", default: .none),
        outputCount: min(max(attributes.outputCount, 1), 2))
    }
  ]
  private let activation: Activation
  public let outputCount: Int

  init(activation: Activation, outputCount: Int) {
    (self.activation, self.outputCount) = (activation, outputCount)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (x, w) = (try inputs.required(0), try inputs.required(1))
    guard let shape = x.shape, let weight = w.shape else {
      return [Fact](repeating: Fact(x.type, nil), count: outputCount)
    }
    guard shape.rank == 3, weight.rank == 3, weight[0] == shape[1], weight[1] == 1, weight[2] >= 1 else {
      throw MTLError(.shapeMismatch, "weight", expected: "channels x 1 x taps for \(shape)", found: "\(weight)")
    }
    let state: Shape = [shape[0], shape[1], weight[2] - 1]
    if let bias = inputs.optional(2)?.shape, bias.dimensions != [shape[1]] {
      throw MTLError(.shapeMismatch, "bias", expected: "\(shape[1])", found: "\(bias)")
    }
    if let past = inputs.optional(3)?.shape, past != state {
      throw MTLError(.shapeMismatch, "past state", expected: "\(state)", found: "\(past)")
    }
    return [Fact(x.type, shape), Fact(x.type, state)].prefix(outputCount).map { $0 }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (x, weight) = (try inputs.required(0), try inputs.required(1))
    let facts = try infer(inputs.map { $0.map { Fact($0) } })
    let (values, taps, length) = (x.numbers(), weight.shape[2], x.shape[2])
    let (weights, biases, past) = (weight.numbers(), inputs.optional(2)?.numbers(), inputs.optional(3)?.numbers())
    var (output, state): ([Float], [Float]) = ([], [])
    for row in 0..<x.shape[0] * x.shape[1] {
      let channel = row % x.shape[1]
      let before =
        past.map { Array($0[row * (taps - 1)..<(row + 1) * (taps - 1)]) } ?? [Float](repeating: 0, count: taps - 1)
      let line = before + values[row * length..<(row + 1) * length]
      for place in 0..<length {
        var sum = biases?[channel] ?? 0
        for tap in 0..<taps { sum += line[place + tap] * weights[channel * taps + tap] }
        output.append(activation == .none ? sum : sum / (1 + exp(-sum)))
      }
      state += line.suffix(taps - 1)
    }
    return zip(facts, [output, state]).map { Tensor($1, as: $0.type, shape: $0.shape ?? []) }
  }
}
