import MTLGraph

/// One task of a network: what its output means and how it is shown.
public struct TaskDescription: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// One of several classes: N x classes.
    case classification
    /// Numbers without a known meaning.
    case raw
  }

  /// What the network's own forward returns for a classification.
  public enum Form: String, Sendable, CaseIterable {
    case logits
    case probabilities
  }

  public let name: String
  public let kind: Kind
  /// Class names in the order of the output; empty where they are unknown.
  public let labels: [String]
  public let form: Form
  /// The head's key prefix in the checkpoint, to choose it among a recipe's heads; nil chooses by name.
  public let prefix: String?

  public init(name: String, kind: Kind, labels: [String] = [], form: Form = .logits, prefix: String? = nil) {
    self.name = name
    self.kind = kind
    self.labels = labels
    self.form = form
    self.prefix = prefix
  }

  init(_ fields: inout FieldReader) throws(MTLError) {
    name = try fields.requiredString("name")
    kind = try fields.choice("kind") ?? .raw
    labels = try fields.strings("labels") ?? []
    form = try fields.choice("output") ?? .logits
    prefix = try fields.string("prefix")
    try fields.finish()
    try TaskDescription.check(name: name, path: fields.path)
  }

  /// Fails for a name that no task can have: outputs become files of that name, and lists of tasks have commas.
  static func check(name: String, path: String) throws(MTLError) {
    // By bytes: with a combining character behind it, a slash is no Character of its own.
    let refused = [UInt8(ascii: "/"), UInt8(ascii: ","), 0]
    guard !name.isEmpty, !name.utf8.contains(where: { refused.contains($0) }) else {
      throw MTLError(.badFormat, path, "the task name '\(name)' is empty or has one of '/' ','")
    }
  }

  /// Whether a head of a network, described by its own task, is the one meant here: by prefix if given, else by name.
  func isServed(by own: TaskDescription) -> Bool {
    prefix == nil ? own.name == name : own.prefix == prefix
  }
}
