extension Graph {
  /// Drops the nodes that no output needs, and with them their weights.
  mutating func removeDeadNodes() {
    let producers = producers()
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    var pending = outputs.map(\.value)
    while let value = pending.popLast() {
      guard let node = producers[value], !isNeeded[node] else { continue }
      isNeeded[node] = true
      pending += nodes[node].inputs
    }
    let needed = isNeeded.contains(false) ? nodes.indices.filter { isNeeded[$0] }.map { nodes[$0] } : nodes
    replaceNodes(needed, outputs: outputs)
  }

  /// Takes out of a file's graph what is there without need: nodes that no output needs, copies of constants.
  package mutating func removeUnneeded() {
    removeDeadNodes()
    shareEqualConstants()
  }

  /// The graph that computes only these outputs, by index and in this order.
  public func selecting(outputs indices: [Int]) -> Graph {
    var graph = self
    graph.replaceNodes(nodes, outputs: indices.map { outputs[$0] })
    graph.removeDeadNodes()
    return graph
  }

  /// The graph that gives these values instead of its outputs.
  package func showing(_ values: [ValueID]) -> Graph {
    var graph = self
    graph.replaceNodes(nodes, outputs: values.map { Port(name: "value \($0.index)", value: $0) })
    graph.removeDeadNodes()
    return graph
  }
}
