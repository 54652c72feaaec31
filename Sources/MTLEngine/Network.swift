import MTLGraph

/// A network that is ready to be planned: one simplified graph whose outputs are the tasks, and the weights that its
/// plans pack. Immutable and shareable.
public final class Network: Sendable {
  public let graph: Graph
  /// By node: the part of the network it belongs to, with regard to all tasks.
  let segments: [ValueID: Segment]
  let packedWeights = PackedWeights()

  /// Simplifies `graph`; its outputs are the tasks, in their order. It must have one input.
  public init(_ graph: Graph) throws(MTLError) {
    guard graph.inputs.count == 1 else {
      throw MTLError(.unsupported, "network", expected: "one input", found: "\(graph.inputs.count)")
    }
    self.graph = try graph.simplified()
    var segments: [ValueID: Segment] = [:]
    for (node, segment) in zip(self.graph.nodes, self.graph.segments()) {
      for output in node.outputs { segments[output] = segment }
    }
    self.segments = segments
  }

  public var taskCount: Int { graph.outputs.count }

  /// Bytes of all packed copies of weights made so far.
  public var packedWeightByteCount: Int { packedWeights.byteCount }
}
