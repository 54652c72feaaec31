extension Graph {
  /// Runs a graph of tensors alone.
  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let values = try computeValues(inputs.map { $0.map { .tensor($0) } })
    return try zip(outputs, values).map { port, value throws(MTLError) in try value.tensor("output '\(port.name)'") }
  }

  /// Runs a graph of general operators node by node. `node` evaluates one of them; values live as long as somebody
  /// needs them.
  public func computeValues(
    _ inputs: [GraphValue?],
    _ node: (Node, [GraphValue?]) throws(MTLError) -> [GraphValue] = { node, inputs throws(MTLError) in
      try node.computeValues(inputs)
    }
  ) throws(MTLError) -> [GraphValue] {
    var values = constants.mapValues { GraphValue.tensor($0) }
    for (port, value) in zip(self.inputs, inputs) { values[port.value] = value }
    let lastUses = lastUses()
    for (index, each) in nodes.enumerated() {
      let arguments = each.inputs.map { values[$0] }
      for (position, value) in each.inputs.enumerated() where value != .absent && arguments[position] == nil {
        // What an outer graph leaves out, its subgraphs do not have either.
        guard self.inputs.contains(where: { $0.value == value }) else {
          throw MTLError(.internalFault, each.name, "input \(position) is used before it is made")
        }
      }
      for (made, value) in zip(each.outputs, try node(each, arguments)) { values[made] = value }
      for value in each.inputs + each.outputs where (lastUses[value] ?? index) <= index { values[value] = nil }
    }
    return try outputs.map { port throws(MTLError) in
      guard let value = values[port.value] else {
        throw MTLError(.badFormat, port.name, "the output is made by no node")
      }
      return value
    }
  }

  /// The last node that reads each value; those of the outputs have none.
  private func lastUses() -> ValueMap<Int> {
    var last: ValueMap<Int> = [:]
    for (index, node) in nodes.enumerated() {
      for value in node.inputs { last[value] = index }
    }
    for port in outputs { last[port.value] = .max }
    return last
  }
}

extension Fact {
  /// All that is known of a value that is there.
  fileprivate init(known value: GraphValue) {
    if case .tensor(let tensor) = value { self.init(tensor) } else { self.init(of: value) }
  }
}

extension Node {
  /// Elements of one value, dimensions of zero counted as one, and multiply-accumulates of one node.
  private static let maximumElementCount = 1 << 28
  /// Texts are sixteen bytes each, and more where they are long.
  private static let maximumTextCount = 1 << 24
  private static let maximumWork = 1 << 38

  /// The operator's reference evaluation on tensors.
  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    try computeValues(inputs.map { $0.map { .tensor($0) } }).map { value throws(MTLError) in try value.tensor(name) }
  }

  /// The operator's reference evaluation; the error names this node.
  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    do {
      let facts = inputs.map { $0.map { Fact(known: $0) } }
      try operation.requireForms(facts)
      try checkSize(facts)
      if let operation = operation as? any ValueOperator { return try operation.computeValues(inputs) }
      return try operation.compute(try inputs.tensors()).map { .tensor($0) }
    } catch {
      throw MTLError(error.kind, "\(name) (\(operation.name))", error.description)
    }
  }

  /// Nothing is begun that memory or patience would not last for.
  private func checkSize(_ inputs: [Fact?]) throws(MTLError) {
    let outputs = try operation.infer(inputs)
    let shapes = outputs.map(\.shape)
    for case let fact? in outputs + inputs {
      guard let shape = fact.shape else { continue }
      let count = shape.dimensions.reduce(1) { $0.saturatingProduct(max($1, 1)) }
      let limit = fact.type == .string ? Node.maximumTextCount : Node.maximumElementCount
      guard count <= limit else {
        throw MTLError(.limit, "value", expected: "at most \(limit) elements", found: "\(shape)")
      }
    }
    let known = shapes.compactMap { $0 }
    guard known.count == shapes.count, !known.isEmpty else { return }
    let work = operation.multiplyAccumulates(inputs: inputs.map { $0?.shape ?? [] }, outputs: known)
    guard work <= Node.maximumWork else {
      throw MTLError(.limit, "work", expected: "at most \(Node.maximumWork) multiply-accumulates", found: "\(work)")
    }
  }
}

/// A graph inside a node: the branch of a condition or the body of a loop. What it uses of the graph around it are inputs
/// of its own, behind the formal ones, and inputs of the node.
public struct Subgraph: Sendable {
  public let graph: Graph
  /// Which inputs of the node are the captured values.
  public let captures: Range<Int>

  public init(_ graph: Graph, captures: Range<Int>) {
    self.graph = graph
    self.captures = captures
  }

  /// Inputs that the node gives a meaning to.
  var formalCount: Int { graph.inputs.count - captures.count }

  /// The captured values among a node's inputs; those that trail behind may have been left out.
  func captured<Value>(_ inputs: [Value?]) -> [Value?] {
    captures.map { $0 < inputs.count ? inputs[$0] : nil }
  }
}
