extension Graph {
  /// Finds activations that an exporter wrote with simpler operators: x * sigmoid(x) is a `Silu`, x * hard sigmoid(x) a
  /// `HardSwish`, and x / 2 * (1 + erf(x / sqrt 2)), its factors in any order, a `Gelu`.
  mutating func recognizeActivations() {
    guard nodes.contains(where: { $0.operation is Mul }) else { return }
    let pattern = ActivationPattern(self)
    var kept = nodes
    for index in nodes.indices {
      guard let (operation, input) = pattern.activation(at: index) else { continue }
      kept[index].operation = operation
      kept[index].inputs = [input]
    }
    replaceNodes(kept, outputs: outputs)
    removeDeadNodes()
  }
}

/// Looks at what a node is made of.
private struct ActivationPattern {
  private let graph: Graph
  private let producers: ValueMap<Int>

  init(_ graph: Graph) {
    self.graph = graph
    producers = graph.producers()
  }

  func activation(at index: Int) -> (any Operator, ValueID)? {
    let node = graph.nodes[index]
    guard node.operation is Mul else { return nil }
    for (gate, x) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      if let made = self.node(gate), made.inputs.first == x {
        if made.operation is Sigmoid { return (Silu(), x) }
        if let sigmoid = made.operation as? HardSigmoid, sigmoid.isOfHardSwish { return (HardSwish(), x) }
      }
    }
    // The factors of the product, which are x, one half, and 1 + erf.
    var factors = flattened(index)
    guard let place = factors.firstIndex(where: { erfArgument($0) != nil }), let x = erfArgument(factors[place]) else {
      return nil
    }
    factors.remove(at: place)
    guard factors.count == 2, factors.contains(x), factors.contains(where: { isNumber($0, 0.5) }) else { return nil }
    return (Gelu(), x)
  }

  private func node(_ value: ValueID) -> Node? { producers[value].map { graph.nodes[$0] } }

  /// The factors of a product, and of those that are products themselves.
  private func flattened(_ index: Int) -> [ValueID] {
    graph.nodes[index].inputs.flatMap { value -> [ValueID] in
      guard let inner = producers[value], graph.nodes[inner].operation is Mul else { return [value] }
      return graph.nodes[inner].inputs
    }
  }

  /// x of 1 + erf(x / sqrt 2).
  private func erfArgument(_ value: ValueID) -> ValueID? {
    guard let sum = node(value), sum.operation is Add,
      let erf = sum.inputs.first(where: { node($0)?.operation is Erf }),
      sum.inputs.contains(where: { isNumber($0, 1) }),
      let scaled = node(erf).flatMap({ node($0.inputs[0]) })
    else { return nil }
    let root = Float(2).squareRoot()
    if scaled.operation is Div, isNumber(scaled.inputs[1], root) { return scaled.inputs[0] }
    guard scaled.operation is Mul, let factor = scaled.inputs.firstIndex(where: { isNumber($0, 1 / root) }) else {
      return nil
    }
    return scaled.inputs[1 - factor]
  }

  /// Whether a value is this one number, but for rounding.
  private func isNumber(_ value: ValueID, _ number: Float) -> Bool {
    guard let tensor = graph.constants[value], tensor.shape.elementCount == 1, tensor.type == .float32 else {
      return false
    }
    return tensor.numbers().allSatisfy { abs($0 - number) <= 1e-6 * number }
  }
}
