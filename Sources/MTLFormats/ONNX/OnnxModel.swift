import MTLGraph

/// A model of an ONNX file: its graph, and what the file says of both ends.
public struct OnnxModel: Sendable {
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
    public let type: DataType?
    /// nil where the rank is left open.
    public let dimensions: [Dimension]?
  }

  public let graph: Graph
  public let inputs: [Port]
  public let outputs: [Port]
  public let name: String
  /// What made the file: "pytorch 2.5".
  public let producer: String
  public let irVersion: Int
  /// By domain, "" for the standard's own.
  public let opsets: [String: Int]
  public let metadata: [(key: String, value: String)]

  private enum Field {
    static let irVersion: Int32 = 1
    static let producerName: Int32 = 2
    static let producerVersion: Int32 = 3
    static let graph: Int32 = 7
    static let opsetImport: Int32 = 8
    static let metadata: Int32 = 14
    static let functions: Int32 = 25
  }

  /// The newest operator set whose changes are known here.
  public static let newestOpset = 28

  /// Whether these are bytes of an ONNX model, as far as the first ones tell: a message that starts with field 1,
  /// `ir_version`, a small number, and another field of the message; or with the graph or the operator sets.
  public static func recognizes(_ bytes: Bytes) -> Bool {
    guard bytes[0] == 0x08, let version = bytes[1], (1...64).contains(version), let next = bytes[2] else {
      return false
    }
    return [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72].contains(next)
  }

  /// Reads a model.
  ///
  /// - Parameters:
  ///   - folder: where the files lie that the model names; nil refuses such a model.
  ///   - copy: read those files into memory instead of mapping them.
  public static func read(
    _ bytes: Bytes, name: String, folder: String? = nil, copy: Bool = false
  ) throws(MTLError) -> OnnxModel {
    let message = try OnnxMessage.model(bytes, name: name)
    guard let graph = message.child(Field.graph) else { throw MTLError(.badFormat, name, "has no graph") }
    let opsets = try opsets(message, Field.opsetImport, name)
    let context = OnnxContext(
      functions: try OnnxFunction.all(message.children(Field.functions), opsets),
      external: ExternalData(folder: folder, copy: copy))
    let reader = OnnxGraphReader(context: context, opsets: opsets)
    let ends = try reader.readMain(graph)
    return OnnxModel(
      graph: reader.graph, inputs: ends.inputs, outputs: ends.outputs, name: graph.text(2),
      producer: [message.text(Field.producerName), message.text(Field.producerVersion)].filter { !$0.isEmpty }
        .joined(separator: " "), irVersion: message.integer(Field.irVersion), opsets: opsets,
      metadata: message.pairs(Field.metadata))
  }

  /// The operator sets that a model or a function imports.
  static func opsets(_ message: OnnxMessage, _ field: Int32, _ name: String) throws(MTLError) -> [String: Int] {
    var opsets: [String: Int] = [:]
    for entry in message.children(field) {
      let domain = entry.text(1) == "ai.onnx" ? "" : entry.text(1)
      let version = entry.integer(2)
      guard version >= 1 || !domain.isEmpty else {
        throw MTLError(.badFormat, name, expected: "an operator set of version 1 or later", found: "\(version)")
      }
      guard !domain.isEmpty || version <= newestOpset else {
        throw MTLError(.formatTooNew, name, expected: "operator set up to \(newestOpset)", found: "\(version)")
      }
      opsets[domain] = max(version, opsets[domain] ?? version)
    }
    // Files before operator sets had versions.
    if opsets[""] == nil { opsets[""] = 1 }
    return opsets
  }
}
