import MTLGraph

/// A function that a model brings along: its nodes take the place of a node that names it.
struct OnnxFunction {
  struct Name: Hashable {
    let domain: String
    let name: String
  }

  let inputs: [String]
  let outputs: [String]
  let nodes: [OnnxMessage]
  let opsets: [String: Int]
  /// Attributes that a node without them has.
  let defaults: [OnnxMessage]

  private enum Field {
    static let name: Int32 = 1
    static let inputs: Int32 = 4
    static let outputs: Int32 = 5
    static let nodes: Int32 = 7
    static let opsetImport: Int32 = 9
    static let domain: Int32 = 10
    static let defaults: Int32 = 11
  }

  static func all(
    _ messages: [OnnxMessage], _ modelOpsets: [String: Int]
  ) throws(MTLError) -> [Name: OnnxFunction] {
    var functions: [Name: OnnxFunction] = [:]
    for (index, message) in messages.enumerated() {
      let name = Name(domain: message.text(Field.domain), name: message.text(Field.name))
      let opsets = try OnnxModel.opsets(message, Field.opsetImport, "function '\(name.name)'")
      let function = OnnxFunction(
        inputs: message.texts(Field.inputs), outputs: message.texts(Field.outputs),
        nodes: message.children(Field.nodes), opsets: modelOpsets.merging(opsets) { $1 },
        defaults: message.functionDefaults(index) + message.children(Field.defaults))
      guard functions.updateValue(function, forKey: name) == nil else {
        throw MTLError(.badFormat, "function '\(name.name)'", "is defined twice")
      }
    }
    return functions
  }
}

/// What all graphs of one model share while they are read.
final class OnnxContext {
  let functions: [OnnxFunction.Name: OnnxFunction]
  let external: ExternalData
  private var nodeCount = 0
  private var sparseElementCount = 0

  /// Nodes of a model after its functions were expanded.
  private static let maximumNodeCount = 1 << 20
  /// Elements of all sparse tensors, once they are dense: a few bytes may declare as many as they like.
  private static let maximumSparseElementCount = 1 << 26
  /// Functions in functions, and graphs in graphs.
  static let maximumDepth = 32

  init(functions: [OnnxFunction.Name: OnnxFunction], external: ExternalData) {
    self.functions = functions
    self.external = external
  }

  /// Counts a node: functions that call functions grow beyond all bounds in a few bytes.
  func countNode(_ name: String) throws(MTLError) {
    nodeCount += 1
    guard nodeCount <= OnnxContext.maximumNodeCount else {
      throw MTLError(.limit, name, "the model has more than \(OnnxContext.maximumNodeCount) nodes up to here")
    }
  }

  /// Counts the elements of a sparse tensor's dense form.
  func countSparseElements(_ count: Int, _ name: String) throws(MTLError) {
    sparseElementCount += count
    guard sparseElementCount <= OnnxContext.maximumSparseElementCount else {
      throw MTLError(
        .limit, name, expected: "at most \(OnnxContext.maximumSparseElementCount) elements in all sparse tensors",
        found: "\(sparseElementCount) up to here")
    }
  }
}
