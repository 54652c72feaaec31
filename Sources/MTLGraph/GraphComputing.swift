extension Graph {
  /// Runs a graph of general operators node by node. `node` evaluates one of them; tensors live as long as somebody
  /// needs them.
  public func compute(
    _ inputs: [Tensor?],
    _ node: (Node, [Tensor?]) throws(MTLError) -> [Tensor] = { node, inputs throws(MTLError) in try node.compute(inputs)
    }
  ) throws(MTLError) -> [Tensor] {
    var tensors = constants
    for (port, tensor) in zip(self.inputs, inputs) { tensors[port.value] = tensor }
    let lastUses = lastUses()
    for (index, each) in nodes.enumerated() {
      let arguments = each.inputs.map { tensors[$0] }
      for (position, value) in each.inputs.enumerated() where value != .absent && arguments[position] == nil {
        // What an outer graph leaves out, its subgraphs do not have either.
        guard self.inputs.contains(where: { $0.value == value }) else {
          throw MTLError(.internalFault, each.name, "input \(position) is used before it is made")
        }
      }
      for (value, tensor) in zip(each.outputs, try node(each, arguments)) { tensors[value] = tensor }
      for value in each.inputs + each.outputs where (lastUses[value] ?? index) <= index { tensors[value] = nil }
    }
    return try outputs.map { port throws(MTLError) in
      guard let tensor = tensors[port.value] else {
        throw MTLError(.badFormat, port.name, "the output is made by no node")
      }
      return tensor
    }
  }

  /// The last node that reads each value; those of the outputs have none.
  private func lastUses() -> [ValueID: Int] {
    var last: [ValueID: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for value in node.inputs { last[value] = index }
    }
    for port in outputs { last[port.value] = .max }
    return last
  }
}

extension Node {
  /// Elements of one value, dimensions of zero counted as one, and multiply-accumulates of one node.
  private static let maximumElementCount = 1 << 28
  private static let maximumWork = 1 << 38

  /// The operator's reference evaluation; the error names this node.
  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    do {
      try checkSize(inputs)
      return try operation.compute(inputs)
    } catch {
      throw MTLError(error.kind, "\(name) (\(operation.name))", error.description)
    }
  }

  /// Nothing is begun that memory or patience would not last for.
  private func checkSize(_ inputs: [Tensor?]) throws(MTLError) {
    let shapes = try operation.infer(inputs.map { $0.map { Fact($0) } }).map(\.shape)
    for case let shape? in shapes + inputs.map({ $0?.shape }) {
      let count = shape.dimensions.reduce(1) { $0.saturatingProduct(max($1, 1)) }
      guard count <= Node.maximumElementCount else {
        throw MTLError(.limit, "value", expected: "at most \(Node.maximumElementCount) elements", found: "\(shape)")
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
