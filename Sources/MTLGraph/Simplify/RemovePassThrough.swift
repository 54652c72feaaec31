extension Graph {
  /// Takes out the nodes that only hand on their input (Identity, Dropout).
  mutating func removePassThrough() {
    guard nodes.contains(where: { $0.operation.kinds.contains(.passThrough) }) else { return }
    var replacement: ValueMap<ValueID> = [:]
    var kept: [Node] = []
    for var node in nodes {
      node.inputs = node.inputs.map { replacement[$0] ?? $0 }
      if node.operation.kinds.contains(.passThrough) {
        replacement[node.outputs[0]] = node.inputs[0]
      } else {
        kept.append(node)
      }
    }
    replaceNodes(kept, outputs: outputs.map { Port(name: $0.name, value: replacement[$0.value] ?? $0.value) })
  }
}
