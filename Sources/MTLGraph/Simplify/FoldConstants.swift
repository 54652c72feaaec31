extension Graph {
  /// The graph without what a file need not say, because each time that it is opened the same would come of it: nodes of
  /// constants, where what they make is no larger (weights stay whole numbers), and zero points of zero, which are as good
  /// as none.
  package func foldingConstants() -> Graph {
    var graph = self
    var replacement: ValueMap<ValueID> = [:]
    var isEnd: ValueMap<Bool> = [:]
    for port in outputs { isEnd[port.value] = true }
    var kept: [Node] = []
    for var node in nodes {
      node.inputs = node.inputs.map { replacement[$0] ?? $0 }
      if !node.outputs.contains(where: { isEnd[$0] == true }), let tensors = graph.constantOutputs(of: node) {
        for (value, tensor) in zip(node.outputs, tensors) { replacement[value] = graph.addConstant(tensor) }
        continue
      }
      if graph.isDequantizedAroundZero(node) { node.inputs[2] = .absent }
      kept.append(node)
    }
    graph.replaceNodes(kept, outputs: outputs)
    graph.shareEqualConstants()
    return graph
  }

  /// Whether a node dequantizes a constant by zero points that are zero, and are what they must be.
  private func isDequantizedAroundZero(_ node: Node) -> Bool {
    guard node.operation is DequantizeLinear, node.inputs.count == 3, let numbers = constants[node.inputs[0]],
      let scales = constants[node.inputs[1]], let zeros = constants[node.inputs[2]]
    else { return false }
    return zeros.type == numbers.type && zeros.shape == scales.shape && !zeros.type.isFloatingPoint
      && zeros.type != .string && zeros.isZero
  }

  /// What a node makes of constants; nil where it has other inputs, makes more bytes than it reads, or would fail.
  private func constantOutputs(of node: Node) -> [Tensor]? {
    let operation = node.operation
    let inputs = node.inputs.map { constants[$0] }
    guard operation.isDeterministic, !operation.kinds.contains(.values),
      zip(node.inputs, inputs).allSatisfy({ $0 == .absent || ($1 != nil && $1?.type != .string) }),
      let facts = try? operation.infer(inputs.map { $0.map { Fact($0) } }), !facts.isEmpty,
      facts.allSatisfy({ $0.form == .tensor && $0.presence == .certain && $0.type != .string })
    else { return nil }
    let shapes = facts.compactMap(\.shape)
    let made = zip(facts, shapes).reduce(0) {
      $0.saturatingSum($1.1.elementCount.saturatingProduct($1.0.type.byteCount))
    }
    // Whatever room the scales take.
    let read = operation is DequantizeLinear ? inputs.prefix(1) : inputs[...]
    guard shapes.count == facts.count, made <= read.reduce(0, { $0 + ($1?.stored.count ?? 0) }),
      operation.multiplyAccumulates(inputs: inputs.map { $0?.shape ?? [] }, outputs: shapes)
        <= Specializer.longReference
    else { return nil }
    return try? operation.compute(inputs)
  }
}
