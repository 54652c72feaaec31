/// Which part of a graph a node belongs to, found by reachability and not declared: the encoder is what every output
/// needs, a head is what only one output needs.
public enum Segment: Hashable, Sendable {
  /// Needed by every output of the graph.
  case encoder
  /// Needed by these outputs and no others: more than one, but not all.
  case shared([Int])
  /// Needed by this output alone.
  case head(Int)
}

extension Graph {
  /// For every node the indices of the outputs that need it, ascending. Empty for dead nodes.
  public func outputsNeeding() -> [[Int]] {
    let producers = producers()
    var needing = [[Int]](repeating: [], count: nodes.count)
    for (outputIndex, port) in outputs.enumerated() {
      var pending = [port.value]
      while let value = pending.popLast() {
        guard let node = producers[value], needing[node].last != outputIndex else { continue }
        needing[node].append(outputIndex)
        pending += nodes[node].inputs
      }
    }
    return needing
  }

  /// The segment of every node. With a single output all of it is encoder.
  public func segments() -> [Segment] {
    outputsNeeding().map { needing in
      if needing.count == outputs.count { return .encoder }
      return needing.count == 1 ? .head(needing[0]) : .shared(needing)
    }
  }
}

extension Graph {
  /// The graph that computes the shared representation instead of the outputs: the last value of the encoder that anything
  /// behind the encoder reads. nil where nothing is shared: a single output, or none behind a common part.
  public func encoder() -> Graph? {
    let segments = segments()
    let shared = Set(zip(nodes, segments).filter { $0.1 == .encoder }.flatMap(\.0.outputs))
    let read = Set(zip(nodes, segments).filter { $0.1 != .encoder }.flatMap(\.0.dataInputs)).intersection(shared)
    let producers = producers()
    // Roundings were numbered after all other values, so that the order of the nodes counts.
    guard outputs.count > 1, var last = read.max(by: { (producers[$0] ?? -1) < (producers[$1] ?? -1) }),
      var node = producers[last]
    else { return nil }
    // What is rounded for its readers is not handed out so.
    if nodes[node].operation.isRounding, let producer = producers[nodes[node].inputs[0]] {
      (last, node) = (nodes[node].inputs[0], producer)
    }
    var graph = self
    graph.replaceNodes(nodes, outputs: [Port(name: nodes[node].name, value: last)])
    graph.removeDeadNodes()
    return graph
  }
}

/// What a part of a network costs.
public struct Cost: Equatable, Sendable {
  /// Elements of the trained parameters that the part uses, as training frameworks count them.
  public var parameters = 0
  public var multiplyAccumulates = 0

  /// Most that a whole graph may count of either: far above every network, and sums of parts never overflow.
  public static let maximum = 1 << 60

  public init() {}

  public mutating func add(_ other: Cost) {
    parameters = parameters.saturatingSum(other.parameters)
    multiplyAccumulates = multiplyAccumulates.saturatingSum(other.multiplyAccumulates)
  }
}

extension Graph {
  /// Elements of the trained parameters, each counted once, however many segments use it.
  public var parameterCount: Int {
    var counted: Set<ValueID> = []
    var count = 0
    for node in nodes {
      for (position, value) in node.inputs.enumerated() where node.operation.isParameter(input: position) {
        guard let tensor = constants[value], counted.insert(value).inserted else { continue }
        count = count.saturatingSum(tensor.shape.elementCount)
      }
    }
    return count
  }

  /// Parameters and multiply-accumulates of each segment at these input shapes, together at most `Cost.maximum`. A
  /// constant that several segments use counts in each of them.
  public func costs(for inputShapes: [Shape]) throws(MTLError) -> [Segment: Cost] {
    let shapes = try shapes(for: inputShapes)
    var costs: [Segment: Cost] = [:]
    var total = Cost()
    var counted: Set<[Int]> = []
    let segments = segments()
    for (node, segment) in zip(nodes, segments) {
      var added = Cost()
      added.multiplyAccumulates = node.operation.multiplyAccumulates(
        inputs: node.inputs.map { shapes[$0] ?? [] }, outputs: node.outputs.map { shapes[$0] ?? [] })
      for (position, value) in node.inputs.enumerated()
      where constants[value] != nil && node.operation.isParameter(input: position) {
        let isNew = counted.insert([value.index, segments.firstIndex(of: segment) ?? 0]).inserted
        if isNew { added.parameters = added.parameters.saturatingSum(shapes[value]?.elementCount ?? 0) }
      }
      total.add(added)
      guard max(total.parameters, total.multiplyAccumulates) <= Cost.maximum else {
        throw MTLError(
          .limit, "\(node.name) (\(node.operation.name))",
          "up to here are more than 2^60 multiply-accumulates or parameters")
      }
      costs[segment, default: Cost()].add(added)
    }
    return costs
  }
}
