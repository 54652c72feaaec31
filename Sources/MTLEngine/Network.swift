import MTLGraph

/// A network that is ready to be planned: one simplified graph whose outputs are the tasks, and the weights that its
/// plans pack. Immutable and shareable.
public final class Network: Sendable {
  public let graph: Graph
  /// By node: the part of the network it belongs to, with regard to all tasks.
  let segments: ValueMap<Segment>
  let packedWeights = PackedWeights()

  /// Of the whole network, of which a specialised graph may have some.
  public let taskCount: Int
  /// Whether the graph was made for inputs of known shapes, and for all of its outputs.
  let isSpecialized: Bool
  /// Whether the graph has operators in their general form, which become special ones when shapes are known.
  public let isGeneral: Bool
  /// Which values are kept in bytes; nil for a network of floats. A general graph follows it when shapes are known.
  public let quantization: QuantizationTable?

  /// What a general graph is for the inputs that its file names, where that was found when the file was opened: most plans
  /// are for these.
  let known: KnownSpecialization?

  /// A graph as files of the standard describe it: any number of inputs of any types and shapes.
  ///
  /// - Parameter known: of this graph.
  public init(general graph: Graph, quantization: QuantizationTable? = nil, known: KnownSpecialization? = nil) {
    var graph = graph
    graph.removeUnneeded()
    self.graph = graph
    self.quantization = quantization
    self.known = known
    isGeneral = true
    isSpecialized = false
    taskCount = graph.outputs.count
    segments = Network.segments(of: graph, tasks: Array(graph.outputs.indices))
  }

  /// A simplified graph for inputs of known shapes whose outputs are these tasks of a network.
  ///
  /// - Parameter taskCount: of that network; `tasks` are some of them.
  package init(specialized graph: Graph, tasks: [Int], taskCount: Int) {
    self.graph = graph
    isGeneral = false
    isSpecialized = true
    (quantization, known) = (nil, nil)
    self.taskCount = taskCount
    segments = Network.segments(of: self.graph, tasks: tasks)
  }

  /// The part of the network that makes each value; `tasks` says which task each output is.
  private static func segments(of graph: Graph, tasks: [Int]) -> ValueMap<Segment> {
    var segments: ValueMap<Segment> = [:]
    for (node, segment) in zip(graph.nodes, graph.segments()) {
      let named: Segment =
        switch segment {
        case .encoder: .encoder
        case .shared(let some): .shared(some.map { tasks[$0] })
        case .head(let one): .head(tasks[one])
        }
      for output in node.outputs { segments[output] = named }
    }
    return segments
  }

  /// Simplifies `graph`, and rounds it as a table says; its outputs are the tasks, in their order. It must have one input.
  public init(_ graph: Graph, quantization: QuantizationTable? = nil) throws(MTLError) {
    guard graph.inputs.count == 1 else {
      throw MTLError(.unsupported, "network", expected: "one input", found: "\(graph.inputs.count)")
    }
    let simple = try graph.simplified()
    self.graph = try quantization.map { table throws(MTLError) in try simple.quantized(by: table) } ?? simple
    self.quantization = quantization
    known = nil
    isGeneral = false
    isSpecialized = false
    taskCount = graph.outputs.count
    segments = Network.segments(of: self.graph, tasks: Array(graph.outputs.indices))
  }

  /// Bytes of all packed copies of weights made so far.
  public var packedWeightByteCount: Int { packedWeights.byteCount }
}
