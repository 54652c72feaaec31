extension Graph {
  /// Finds layer normalisations along the last axis that an exporter wrote with simpler operators: (x - mean) divided by
  /// the root of its mean square and an epsilon, then scale and bias, which may be left out. Operator sets before 17 have
  /// no other way.
  mutating func recognizeLayerNormalization(for inputShapes: [Shape]) throws(MTLError) {
    guard nodes.contains(where: { $0.operation is Div }) else { return }
    let shapes = try shapes(for: inputShapes)
    let producers = producers()
    var kept = nodes
    for index in nodes.indices {
      guard let found = normalization(at: index, producers, shapes),
        let size = shapes[found.input]?.dimensions.last
      else { continue }
      let scale = found.scale ?? addConstant(Tensor([Float](repeating: 1, count: size), shape: [size]))
      let bias = found.bias ?? addConstant(Tensor([Float](repeating: 0, count: size), shape: [size]))
      kept[index].operation = LayerNormalization(axis: -1, epsilon: found.epsilon)
      kept[index].inputs = [found.input, scale, bias]
    }
    replaceNodes(kept, outputs: outputs)
    removeDeadNodes()
  }

  private struct Normalization {
    let input: ValueID
    let epsilon: Float
    var scale: ValueID?
    var bias: ValueID?
  }

  /// The normalisation that a node ends. One whose scale and bias follow is found at its quotient as well; that node is
  /// left without readers then.
  private func normalization(
    at index: Int, _ producers: ValueMap<Int>, _ shapes: ValueMap<Shape>
  ) -> Normalization? {
    var node = nodes[index]
    var (scale, bias): (ValueID?, ValueID?)
    if node.operation is Add, let (inner, other) = besideConstant(node, producers, shapes) {
      (node, bias) = (inner, other)
    }
    if node.operation is Mul, let (inner, other) = besideConstant(node, producers, shapes) {
      (node, scale) = (inner, other)
    }
    guard node.operation is Div, var found = quotient(node, producers, shapes) else { return nil }
    (found.scale, found.bias) = (scale, bias)
    return found
  }

  /// What a sum or product with one number for each place of the last axis is made of.
  private func besideConstant(
    _ node: Node, _ producers: ValueMap<Int>, _ shapes: ValueMap<Shape>
  ) -> (inner: Node, constant: ValueID)? {
    guard let place = node.inputs.firstIndex(where: { constants[$0] != nil }),
      let inner = producers[node.inputs[1 - place]], let size = shapes[node.inputs[1 - place]]?.dimensions.last,
      constants[node.inputs[place]]?.shape.dimensions == [size]
    else { return nil }
    return (nodes[inner], node.inputs[place])
  }

  /// (x - mean x) / sqrt(mean((x - mean x)^2) + epsilon).
  private func quotient(
    _ node: Node, _ producers: ValueMap<Int>, _ shapes: ValueMap<Shape>
  ) -> Normalization? {
    func made(_ value: ValueID) -> Node? { producers[value].map { nodes[$0] } }
    guard let centred = centre(node.inputs[0], producers, shapes),
      let root = made(node.inputs[1]), root.operation is Sqrt, let sum = made(root.inputs[0]), sum.operation is Add,
      let place = sum.inputs.firstIndex(where: { constants[$0]?.shape.elementCount == 1 }),
      let epsilon = constants[sum.inputs[place]]?.numbers().first, epsilon >= 0,
      let square = mean(sum.inputs[1 - place], producers, shapes), let power = made(square),
      centre(power.inputs[0], producers, shapes) == centred
    else { return nil }
    switch power.operation {
    case is Pow:
      guard let exponent = constants[power.inputs[1]], exponent.shape.elementCount == 1,
        exponent.doubles().first == 2
      else { return nil }
    case is Mul:
      guard centre(power.inputs[1], producers, shapes) == centred else { return nil }
    default: return nil
    }
    return Normalization(input: centred, epsilon: epsilon)
  }

  /// x, where a value is x - mean x.
  private func centre(
    _ value: ValueID, _ producers: ValueMap<Int>, _ shapes: ValueMap<Shape>
  ) -> ValueID? {
    guard let node = producers[value].map({ nodes[$0] }), node.operation is Sub,
      mean(node.inputs[1], producers, shapes) == node.inputs[0]
    else { return nil }
    return node.inputs[0]
  }

  /// x, where a value is its mean along the last axis, which stays.
  private func mean(
    _ value: ValueID, _ producers: ValueMap<Int>, _ shapes: ValueMap<Shape>
  ) -> ValueID? {
    guard let node = producers[value].map({ nodes[$0] }), let mean = node.operation as? ReduceMean,
      mean.settings.keepsAxes, let shape = shapes[node.inputs[0]]
    else { return nil }
    let facts = node.inputs.enumerated().map { index, value in
      index == 0 ? Fact(.float32, shape) : constants[value].map { Fact($0) }
    }
    guard let axes = try? mean.settings.axes(facts, shape), axes == [shape.rank - 1] else { return nil }
    return node.inputs[0]
  }
}
