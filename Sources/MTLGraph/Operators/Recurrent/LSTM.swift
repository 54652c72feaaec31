/// Long short-term memory; gates are input, output, forget and the new cell, with optional peepholes.
public struct LSTM: GeneralOperator, StandardOperator {
  public static let name = "LSTM"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      LSTM(
        layer: try RecurrentLayer(attributes, standards: ["Sigmoid", "Tanh", "Tanh"]),
        couplesForget: try attributes.flag("input_forget"), outputCount: min(max(attributes.outputCount, 1), 3))
    }
  ]
  private let layer: RecurrentLayer
  /// Whether what is forgotten is what does not come in.
  private let couplesForget: Bool
  public let outputCount: Int

  init(layer: RecurrentLayer, couplesForget: Bool, outputCount: Int) {
    (self.layer, self.couplesForget, self.outputCount) = (layer, couplesForget, outputCount)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try layer.infer(inputs, gates: 4, outputCount: outputCount)
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (x, w, r) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let sizes = try layer.sizes(x.shape, w.shape, r.shape, gates: 4)
    let (inputWeights, stateWeights) = (GateWeights(w), GateWeights(r))
    let biases = try GateBiases(inputs.optional(3), gates: 4, layer: layer)
    let hidden = layer.hidden
    let peepholes = inputs.optional(7)
    if let peepholes, peepholes.shape != [layer.directions, 3 * hidden] {
      throw MTLError(
        .shapeMismatch, "peepholes", expected: "\(layer.directions)x\(3 * hidden)", found: "\(peepholes.shape)")
    }
    let holes = peepholes?.doubles()
    let states = zip(try layer.initial(inputs.optional(5), sizes), try layer.initial(inputs.optional(6), sizes)).map {
      $0 + $1
    }
    let run = layer.run(x.doubles(), sizes, lengths: try layer.lengths(inputs.optional(4), sizes), states: states) {
      way, input, state in
      let (old, cells) = (state[..<hidden], state[hidden...])
      func sum(_ gate: Int, _ unit: Int) -> Double {
        let row = gate * hidden + unit
        return inputWeights.product(way, row, input) + stateWeights.product(way, row, old) + biases.input(way, row)
          + biases.state(way, row)
      }
      func hole(_ gate: Int, _ unit: Int) -> Double { holes?[(way * 3 + gate) * hidden + unit] ?? 0 }
      var next = state
      for unit in 0..<hidden {
        let cell = cells[hidden + unit]
        let first = layer.activation(way, 0)
        let entering = first(layer.clipped(sum(0, unit) + hole(0, unit) * cell))
        let forgetting = couplesForget ? 1 - entering : first(layer.clipped(sum(2, unit) + hole(2, unit) * cell))
        let fresh = layer.activation(way, 1)(layer.clipped(sum(3, unit)))
        let new = forgetting * cell + entering * fresh
        let leaving = first(layer.clipped(sum(1, unit) + hole(1, unit) * new))
        next[unit] = leaving * layer.activation(way, 2)(new)
        next[hidden + unit] = new
      }
      state = next
    }
    let last = [layer.ordered(run.last, sizes), layer.ordered(run.last, sizes, from: hidden)]
    return layer.results(run.all, last, sizes, x.type, count: outputCount)
  }
}
