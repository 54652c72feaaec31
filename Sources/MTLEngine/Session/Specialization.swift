import MTLGraph

/// A graph in general form that was specialised for some inputs before it became a network.
public struct KnownSpecialization: Sendable {
  private let inputs: [Fact]
  private let specializer: Specializer

  /// nil for a sketch that computes nothing.
  public init?(_ specializer: Specializer, for inputs: [Fact]) {
    guard !specializer.isIncomplete else { return nil }
    self.inputs = inputs
    self.specializer = specializer
  }

  /// For inputs of these types and shapes; nil for others.
  fileprivate func specializer(for facts: [Fact]) -> Specializer? {
    let areThese =
      facts.count == inputs.count
      && zip(facts, inputs).allSatisfy { left, right in
        left.form == right.form && left.type == right.type && left.presence == right.presence
          && left.shape == right.shape && left.shape != nil && left.value == nil
      }
    return areThese ? specializer : nil
  }
}

extension Network {
  /// The graph of these tasks for inputs of these types and shapes: simplified and rounded where kernels can have all of
  /// it, which `isPlanned` says, and else to be run node by node.
  func specialization(for facts: [Fact], tasks: [Int]) throws(MTLError) -> (graph: Graph, isPlanned: Bool) {
    guard let quantization else {
      guard tasks != Array(graph.outputs.indices) else { return try wholeSpecialization(for: facts) }
      return try specialization(graph.selecting(outputs: tasks).specialized(for: facts), for: facts)
    }
    // Names count what the whole network has, so that all of it is rounded before a part is taken.
    let whole = try wholeSpecialization(for: facts)
    guard whole.isPlanned else {
      return try specialization(graph.selecting(outputs: tasks).specialized(for: facts), for: facts)
    }
    return (try whole.graph.quantized(by: quantization).selecting(outputs: tasks), true)
  }

  /// The simplified graph of all tasks as it is planned for inputs of these types and shapes, rounded where the network is;
  /// nil where kernels cannot have all of it.
  public func plannedGraph(for facts: [Fact]) throws(MTLError) -> Graph? {
    guard isGeneral else { return graph }
    let (graph, isPlanned) = try specialization(for: facts, tasks: Array(graph.outputs.indices))
    return isPlanned ? graph : nil
  }

  private func wholeSpecialization(for facts: [Fact]) throws(MTLError) -> (graph: Graph, isPlanned: Bool) {
    if let known = known?.specializer(for: facts) { return try specialization(known, for: facts) }
    return try specialization(graph.specialized(for: facts), for: facts)
  }

  private func specialization(
    _ specializer: Specializer, for facts: [Fact]
  ) throws(MTLError) -> (graph: Graph, isPlanned: Bool) {
    var graph = specializer.graph
    // What was folded may be equal where the file's own constants were not.
    graph.removeUnneeded()
    guard specializer.isPlain(graph, facts) else { return (graph, false) }
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
