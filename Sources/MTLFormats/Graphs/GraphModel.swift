import MTLGraph

/// A model of a file that holds its graph: the graph, and what the file says of both ends.
public struct GraphModel: Sendable {
  /// One size of an input or output.
  public enum Dimension: Sendable, Equatable {
    case fixed(Int)
    /// Symbolic: equal wherever the name is the same.
    case named(String)
    case unknown
  }

  /// An input or output as the file declares it.
  public struct Port: Sendable {
    public let name: String
    /// nil where an output's type is left open.
    public let type: ValueType?
    /// nil where the rank is left open, and of sequences.
    public let dimensions: [Dimension]?
  }

  public let graph: Graph
  public let inputs: [Port]
  public let outputs: [Port]
  public let name: String
  /// What made the file: "pytorch 2.5".
  public let producer: String
  /// "ONNX, operator set 18".
  public let format: String
  public let metadata: [(key: String, value: String)]
  /// What the reader found, one sentence each.
  public let notes: [String]

  public init(
    graph: Graph, inputs: [Port], outputs: [Port], name: String, producer: String, format: String,
    metadata: [(key: String, value: String)] = [], notes: [String] = []
  ) {
    self.graph = graph
    self.inputs = inputs
    self.outputs = outputs
    self.name = name
    self.producer = producer
    self.format = format
    self.metadata = metadata
    self.notes = notes
  }

  /// The same without what would be computed anew each time.
  public func foldingConstants() -> GraphModel {
    GraphModel(
      graph: graph.foldingConstants(), inputs: inputs, outputs: outputs, name: name, producer: producer, format: format,
      metadata: metadata, notes: notes)
  }
}
