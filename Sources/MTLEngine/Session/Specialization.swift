import MTLGraph

extension Network {
  /// The graph of these tasks for inputs of these types and shapes: simplified and rounded where kernels can have all of
  /// it, which `isPlanned` says, and else to be run node by node.
  func specialization(for facts: [Fact], tasks: [Int]) throws(MTLError) -> (graph: Graph, isPlanned: Bool) {
    guard let quantization else { return try specialization(of: graph.selecting(outputs: tasks), for: facts) }
    // Names count what the whole network has, so that all of it is rounded before a part is taken.
    let whole = try specialization(of: graph, for: facts)
    guard whole.isPlanned else { return try specialization(of: graph.selecting(outputs: tasks), for: facts) }
    return (try whole.graph.quantized(by: quantization).selecting(outputs: tasks), true)
  }

  /// The simplified graph of all tasks as it is planned for inputs of these types and shapes, rounded where the network is;
  /// nil where kernels cannot have all of it.
  public func plannedGraph(for facts: [Fact]) throws(MTLError) -> Graph? {
    guard isGeneral else { return graph }
    let (graph, isPlanned) = try specialization(for: facts, tasks: Array(graph.outputs.indices))
    return isPlanned ? graph : nil
  }

  private func specialization(
    of general: Graph, for facts: [Fact]
  ) throws(MTLError) -> (graph: Graph, isPlanned: Bool) {
    let specializer = try general.specialized(for: facts)
    var graph = specializer.graph
    graph.removeUnneeded()
    guard specializer.isPlain(graph, facts) else { return (graph, false) }
    // What was folded may be equal where the file's own constants were not.
    graph.shareEqualConstants()
    return (try graph.simplified(for: facts.compactMap(\.shape)), true)
  }
}

extension Specializer {
  /// Whether all values of the graph are float32, of known shape, and not empty.
  fileprivate func isPlain(_ graph: Graph, _ facts: [Fact]) -> Bool {
    let values = graph.nodes.flatMap { $0.inputs + $0.outputs } + graph.outputs.map(\.value)
    let isFloat = values.allSatisfy { value in
      guard value != .absent else { return true }
      let fact = fact(value)
      guard fact?.form == .tensor, fact?.presence == .certain else { return false }
      return (fact?.type == .float32 || fact?.value != nil) && fact?.shape != nil
    }
    let outputsAreFloat = graph.outputs.allSatisfy { fact($0.value)?.type == .float32 }
    return isFloat && outputsAreFloat && facts.allSatisfy { $0.type == .float32 } && !facts.isEmpty
      && values.allSatisfy { fact($0)?.shape?.elementCount != 0 }
  }
}
