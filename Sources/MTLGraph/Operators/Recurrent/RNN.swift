/// The plain recurrent layer: h = f(W x + R h + b).
public struct RNN: GeneralOperator, StandardOperator {
  public static let name = "RNN"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      RNN(
        layer: try RecurrentLayer(attributes, standards: ["Tanh"]), outputCount: min(max(attributes.outputCount, 1), 2))
    }
  ]
  private let layer: RecurrentLayer
  public let outputCount: Int

  init(layer: RecurrentLayer, outputCount: Int) {
    (self.layer, self.outputCount) = (layer, outputCount)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try layer.infer(inputs, gates: 1, outputCount: outputCount)
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (x, w, r) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let sizes = try layer.sizes(x.shape, w.shape, r.shape, gates: 1)
    let (inputWeights, stateWeights) = (GateWeights(w), GateWeights(r))
    let biases = try GateBiases(inputs.optional(3), gates: 1, layer: layer)
    let run = layer.run(
      x.doubles(), sizes, lengths: try layer.lengths(inputs.optional(4), sizes),
      states: try layer.initial(inputs.optional(5), sizes)
    ) { way, input, state in
      let old = state
      for unit in 0..<layer.hidden {
        let sum =
          inputWeights.product(way, unit, input) + stateWeights.product(way, unit, old) + biases.input(way, unit)
          + biases.state(way, unit)
        state[unit] = layer.activation(way, 0)(layer.clipped(sum))
      }
    }
    return layer.results(run.all, [layer.ordered(run.last, sizes)], sizes, x.type, count: outputCount)
  }
}

extension RecurrentLayer {
  /// Facts of all states, the last one and, for LSTM, the last cell.
  func infer(_ inputs: [Fact?], gates: Int, outputCount: Int) throws(MTLError) -> [Fact] {
    let (x, w, r) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    guard let shape = x.shape, let weight = w.shape, let recurrent = r.shape else {
      return [Fact](repeating: Fact(x.type, nil), count: outputCount)
    }
    let outputs = outputs(try sizes(shape, weight, recurrent, gates: gates))
    return [Fact(x.type, outputs.all), Fact(x.type, outputs.last), Fact(x.type, outputs.last)].prefix(outputCount).map {
      $0
    }
  }

  func results(
    _ all: [Double], _ last: [[Double]], _ sizes: Sizes, _ type: DataType, count: Int
  ) -> [Tensor] {
    let shapes = outputs(sizes)
    let tensors = [Tensor(all, as: type, shape: shapes.all)] + last.map { Tensor($0, as: type, shape: shapes.last) }
    return Array(tensors.prefix(count))
  }
}
