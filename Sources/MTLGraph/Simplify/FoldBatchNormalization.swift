extension Graph {
  /// Multiplies each batch normalisation into the weights and bias of the convolution or fully connected layer before
  /// it, where nothing else reads that layer's output.
  mutating func foldBatchNormalization() throws(MTLError) {
    let useCounts = useCounts()
    var kept: [Node] = []
    var position: [ValueID: Int] = [:]
    var replacement: [ValueID: ValueID] = [:]
    for var node in nodes {
      // Readers are counted before the replacement: those of a folded normalisation are readers of the layer by now.
      let isOnlyReader = node.inputs.first.map { useCounts[$0] == 1 } ?? false
      node.inputs = node.inputs.map { replacement[$0] ?? $0 }
      if let normalization = node.operation as? BatchNormalization, isOnlyReader,
        let producer = position[node.inputs[0]],
        let folded = try fold(normalization, node, into: kept[producer])
      {
        kept[producer] = folded
        replacement[node.outputs[0]] = node.inputs[0]
        continue
      }
      for output in node.outputs { position[output] = kept.count }
      kept.append(node)
    }
    replaceNodes(kept, outputs: outputs.map { Port(name: $0.name, value: replacement[$0.value] ?? $0.value) })
  }

  /// The layer with the normalisation inside, or nil when it is not a layer with constant weights.
  private mutating func fold(
    _ normalization: BatchNormalization, _ node: Node, into layer: Node
  ) throws(MTLError) -> Node? {
    guard layer.operation is Convolution || layer.operation is Gemm, layer.inputs.count >= 2,
      let weight = constants[layer.inputs[1]]
    else { return nil }
    let statistics = node.inputs.dropFirst().compactMap { constants[$0] }
    let channels = weight.shape[0]
    guard statistics.count == 4, statistics.allSatisfy({ $0.shape.dimensions == [channels] }) else { return nil }
    var oldBias = [Float](repeating: 0, count: channels)
    if layer.inputs.count == 3 {
      guard let bias = constants[layer.inputs[2]] else { return nil }
      oldBias = try bias.floats(of: layer.name)
    }
    let (factor, offset) = try normalization.factors([weight] + statistics)
    var values = try weight.floats(of: layer.name)
    let perChannel = values.count / max(channels, 1)
    for index in values.indices { values[index] *= factor[index / perChannel] }
    let bias = oldBias.indices.map { oldBias[$0] * factor[$0] + offset[$0] }
    var folded = layer
    folded.inputs = [
      layer.inputs[0], addConstant(Tensor(values, shape: weight.shape)), addConstant(Tensor(bias, shape: [channels])),
    ]
    return folded
  }
}
