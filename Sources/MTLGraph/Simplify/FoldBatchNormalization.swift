extension Graph {
  /// Takes each batch normalisation into the bias and the weights of the layer before it, where nothing else reads that
  /// layer's output. Convolutions keep their weights and get a factor for each output channel beside them.
  mutating func foldBatchNormalization() throws(MTLError) {
    guard nodes.contains(where: { $0.operation is BatchNormalization }) else { return }
    let useCounts = useCounts()
    var readers: ValueMap<Int> = [:]
    for value in nodes.flatMap(\.inputs) { readers[value, default: 0] += 1 }
    var kept: [Node] = []
    var position: ValueMap<Int> = [:]
    var replacement: ValueMap<ValueID> = [:]
    for var node in nodes {
      // Readers are counted before the replacement: those of a folded normalisation are readers of the layer by now.
      let isOnlyReader = node.inputs.first.map { useCounts[$0] == 1 } ?? false
      node.inputs = node.inputs.map { replacement[$0] ?? $0 }
      if let normalization = node.operation as? BatchNormalization, isOnlyReader,
        let producer = position[node.inputs[0]], !Graph.sharesMatrix(kept[producer], readers),
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

  /// Fully connected layers that a normalisation may give a matrix of their own beside the one that they have in common.
  private static let maximumMatrixCopies = 32

  private static func sharesMatrix(_ layer: Node, _ readers: ValueMap<Int>) -> Bool {
    layer.operation is Gemm && layer.inputs.count > 1
      && readers[layer.inputs[1], default: 0] > Graph.maximumMatrixCopies
  }

  /// The layer with the normalisation inside, or nil when it is not a layer with constant weights.
  private mutating func fold(
    _ normalization: BatchNormalization, _ node: Node, into layer: Node
  ) throws(MTLError) -> Node? {
    guard layer.inputs.count >= 2, let weight = constants[layer.inputs[1]],
      let channels = Graph.outputChannels(layer.operation, weight)
    else { return nil }
    let statistics = node.inputs.dropFirst().compactMap { constants[$0] }
    guard statistics.count == 4, statistics.allSatisfy({ $0.shape.dimensions == [channels] }) else { return nil }
    // Bias and, behind a normalisation that was folded before, factor of the layer itself.
    var own = [[Float](repeating: 0, count: channels), [Float](repeating: 1, count: channels)]
    for (position, value) in layer.inputs.dropFirst(2).enumerated() {
      guard let constant = constants[value] else { return nil }
      own[position] = try constant.floats(of: layer.name)
    }
    let (factor, offset) = try normalization.factors([weight] + statistics)
    let factors = Tensor(factor.indices.map { own[1][$0] * factor[$0] }, shape: [channels])
    let bias = factor.indices.map { own[0][$0] * factor[$0] + offset[$0] }
    var folded = layer
    folded.inputs = [layer.inputs[0], layer.inputs[1], addConstant(Tensor(bias, shape: [channels]))]
    if layer.operation is Gemm {
      folded.inputs[1] = addConstant(try weight.scaledRows(by: factors))
    } else {
      folded.inputs.append(addConstant(factors))
    }
    return folded
  }

  /// Output channels of a layer that takes up a normalisation; nil for other operators.
  private static func outputChannels(_ operation: any Operator, _ weight: Tensor) -> Int? {
    switch operation {
    case is Convolution, is Gemm: weight.shape[0]
    case let transposed as ConvolutionTranspose: weight.shape[1] * transposed.groups
    default: nil
    }
  }
}
