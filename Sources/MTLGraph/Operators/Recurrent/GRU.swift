/// Gated recurrent unit; gates are update, reset and the new state.
public struct GRU: GeneralOperator, StandardOperator {
  public static let name = "GRU"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GRU(
        layer: try RecurrentLayer(attributes, standards: ["Sigmoid", "Tanh"]),
        resetsProduct: try attributes.flag("linear_before_reset"), outputCount: min(max(attributes.outputCount, 1), 2))
    }
  ]
  private let layer: RecurrentLayer
  /// Whether the reset gate comes after the state's product, and not before it.
  private let resetsProduct: Bool
  public let outputCount: Int

  init(layer: RecurrentLayer, resetsProduct: Bool, outputCount: Int) {
    (self.layer, self.resetsProduct, self.outputCount) = (layer, resetsProduct, outputCount)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try layer.infer(inputs, gates: 3, outputCount: outputCount)
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (x, w, r) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let sizes = try layer.sizes(x.shape, w.shape, r.shape, gates: 3)
    let (inputWeights, stateWeights) = (GateWeights(w), GateWeights(r))
    let biases = try GateBiases(inputs.optional(3), gates: 3, layer: layer)
    let hidden = layer.hidden
    let run = layer.run(
      x.doubles(), sizes, lengths: try layer.lengths(inputs.optional(4), sizes),
      states: try layer.initial(inputs.optional(5), sizes)
    ) { way, input, state in
      let old = state
      func gate(_ row: Int) -> Double {
        let sum =
          inputWeights.product(way, row, input) + stateWeights.product(way, row, old) + biases.input(way, row)
          + biases.state(way, row)
        return layer.activation(way, 0)(layer.clipped(sum))
      }
      let reset = (0..<hidden).map { gate(hidden + $0) }
      let shaped = zip(reset, old).map { $0 * $1 }
      for unit in 0..<hidden {
        let row = 2 * hidden + unit
        let recurrent =
          resetsProduct
          ? reset[unit] * (stateWeights.product(way, row, old) + biases.state(way, row))
          : stateWeights.product(way, row, shaped) + biases.state(way, row)
        let sum = inputWeights.product(way, row, input) + biases.input(way, row) + recurrent
        let fresh = layer.activation(way, 1)(layer.clipped(sum))
        let update = gate(unit)
        state[unit] = (1 - update) * fresh + update * old[unit]
      }
    }
    return layer.results(run.all, [layer.ordered(run.last, sizes)], sizes, x.type, count: outputCount)
  }
}
