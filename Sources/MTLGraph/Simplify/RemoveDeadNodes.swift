extension Graph {
  /// Drops the nodes that no output needs, and with them their weights.
  mutating func removeDeadNodes() {
    let needing = outputsNeeding()
    replaceNodes(zip(nodes, needing).filter { !$0.1.isEmpty }.map(\.0), outputs: outputs)
  }

  /// Drops the nodes that no output needs.
  package mutating func removeUnneeded() { removeDeadNodes() }

  /// The graph that computes only these outputs, by index and in this order.
  public func selecting(outputs indices: [Int]) -> Graph {
    var graph = self
    graph.replaceNodes(nodes, outputs: indices.map { outputs[$0] })
    graph.removeDeadNodes()
    return graph
  }
}
