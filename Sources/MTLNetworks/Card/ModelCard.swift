import MTLFormats
import MTLGraph

/// What a state dict does not say, read from a `model.json` or made for a recipe alone.
public struct ModelCard: Sendable {
  /// Where the network comes from.
  public enum NetworkSource: Sendable {
    /// A built-in network by its name, and the object of a `model.json` that holds its parameters.
    case recipe(String, parameters: JSONValue)
    /// Blocks named in the card, and the object that names them.
    case blocks(NetworkDescription, JSONValue)
    /// The file with the weights holds the graph as well, as ONNX files do.
    case file
  }

  /// The newest format that is understood: files with weights in the order of kernels say it, so that who does not know
  /// these says so.
  public static let formatVersion = 2
  /// What all others say.
  public static let plainFormatVersion = 1

  /// The field "network" of a `model.json` that means the same.
  public var networkField: JSONValue {
    switch network {
    case .recipe(let name, let parameters):
      parameters["recipe"] == nil ? .object([.init("recipe", .string(name))]) : parameters
    case .blocks(_, let field): field
    case .file: .object([.init("graph", .string("file"))])
    }
  }

  public let name: String
  public let description: String
  /// File name of the weights beside the card; nil where the caller has them.
  public let weights: String?
  /// Which part of the checkpoint holds the weights, where it has several sets of them; nil leaves that to the reader.
  public let section: String?
  public let network: NetworkSource
  /// nil takes the recipe's.
  public let input: InputDescription?
  /// Empty takes the recipe's.
  public let tasks: [TaskDescription]

  /// The card of a bare checkpoint for a recipe.
  public init(recipe: String) {
    name = recipe
    description = ""
    weights = nil
    section = nil
    network = .recipe(recipe, parameters: .object([]))
    input = nil
    tasks = []
  }

  /// Reads a `model.json`. Unknown fields are errors.
  public init(parsing bytes: Bytes, name subject: String) throws(MTLError) {
    // Some editors put a byte order mark in front, which is no part of the text.
    let mark = bytes.hasByteOrderMark ? Bytes.byteOrderMark.count : 0
    let text = try bytes.slice(offset: mark, length: bytes.count - mark, of: subject)
    var fields = try FieldReader(JSONValue.parse(text, of: subject), path: subject)
    guard let version = try fields.integer("format", in: 1...Int(Int32.max)) else {
      throw MTLError(.badFormat, subject, "has no field 'format'; it is \(ModelCard.plainFormatVersion) today")
    }
    guard version <= ModelCard.formatVersion else {
      throw MTLError(.formatTooNew, subject, expected: "format up to \(ModelCard.formatVersion)", found: "\(version)")
    }
    name = try fields.string("name") ?? "model"
    description = try fields.string("description") ?? ""
    weights = try fields.string("weights")
    section = try fields.string("section")
    guard let network = fields.value("network") else {
      throw MTLError(.badFormat, subject, "has no field 'network'")
    }
    self.network = try ModelCard.network(network, path: "\(subject): network")
    if let value = fields.value("input") {
      var inputFields = try FieldReader(value, path: "\(subject): input")
      input = try InputDescription(&inputFields)
    } else {
      input = nil
    }
    tasks = try ModelCard.tasks(fields.value("tasks"), path: "\(subject): tasks")
    try fields.finish()
  }

  private static func network(_ value: JSONValue, path: String) throws(MTLError) -> NetworkSource {
    var fields = try FieldReader(value, path: path)
    if let recipe = try fields.string("recipe") { return .recipe(recipe, parameters: value) }
    if let graph = try fields.string("graph") {
      guard graph == "file" else {
        throw MTLError(.badFormat, "\(path).graph", expected: "'file'", found: "'\(graph)'")
      }
      try fields.finish()
      return .file
    }
    return .blocks(try NetworkDescription(&fields), value)
  }

  private static func tasks(_ value: JSONValue?, path: String) throws(MTLError) -> [TaskDescription] {
    guard let value else { return [] }
    guard let elements = value.elements, elements.count <= maximumTaskCount else {
      throw MTLError(.badFormat, path, "is not a list of at most \(maximumTaskCount) tasks")
    }
    var tasks: [TaskDescription] = []
    for (index, element) in elements.enumerated() {
      var fields = try FieldReader(element, path: "\(path)[\(index)]")
      let task = try TaskDescription(&fields)
      guard !tasks.contains(where: { $0.name == task.name }) else {
        throw MTLError(.badFormat, "\(path)[\(index)]", "a second task is named '\(task.name)'")
      }
      tasks.append(task)
    }
    return tasks
  }

  public static let maximumTaskCount = 256
}

extension Bytes {
  fileprivate static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// Whether UTF-8's byte order mark comes first.
  fileprivate var hasByteOrderMark: Bool {
    unsafe withUnsafeBytes { unsafe $0.starts(with: Bytes.byteOrderMark) }
  }
}
