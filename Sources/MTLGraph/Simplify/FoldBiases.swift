extension Graph {
  /// Takes a constant that is added to each channel behind a convolution into the convolution's bias, which it has none of
  /// or zeros, where nothing else reads its output: exporters write linear layers on tokens as a product and a sum.
  mutating func foldBiases() throws(MTLError) {
    guard nodes.contains(where: { $0.operation is Add && $0.inputs.contains { constants[$0] != nil } }) else { return }
    let useCounts = useCounts()
    var kept: [Node] = []
    var position: ValueMap<Int> = [:]
    var replacement: ValueMap<ValueID> = [:]
    for var node in nodes {
      let sum = node
      node.inputs = node.inputs.map { replacement[$0] ?? $0 }
      if let (producer, bias) = try biasedConvolution(sum, node, kept, position, useCounts) {
        kept[producer].inputs = Array(kept[producer].inputs.prefix(2)) + [bias] + kept[producer].inputs.dropFirst(3)
        replacement[node.outputs[0]] = kept[producer].outputs[0]
        continue
      }
      for output in node.outputs { position[output] = kept.count }
      kept.append(node)
    }
    replaceNodes(kept, outputs: outputs.map { Port(name: $0.name, value: replacement[$0.value] ?? $0.value) })
  }

  /// The place of the convolution that a sum gives a bias, and the bias.
  private mutating func biasedConvolution(
    _ sum: Node, _ node: Node, _ kept: [Node], _ position: ValueMap<Int>, _ useCounts: ValueMap<Int>
  ) throws(MTLError) -> (producer: Int, bias: ValueID)? {
    guard node.operation is Add, let place = node.inputs.firstIndex(where: { constants[$0] != nil }),
      useCounts[sum.inputs[1 - place]] == 1, let producer = position[node.inputs[1 - place]],
      kept[producer].operation is Convolution, hasNoBias(kept[producer]),
      let channels = constants[kept[producer].inputs[1]]?.shape[0], let tensor = constants[node.inputs[place]],
      tensor.type == .float32, tensor.shape.rank == 4, tensor.shape.elementCount == channels,
      tensor.shape[1] == channels
    else { return nil }
    return (producer, addConstant(try tensor.reshaped(to: [channels])))
  }

  private func hasNoBias(_ convolution: Node) -> Bool {
    guard convolution.inputs.count > 2 else { return true }
    return constants[convolution.inputs[2]]?.numbers().allSatisfy { $0 == 0 } == true
  }
}
