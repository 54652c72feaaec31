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
  public private(set) var form: Form
  /// The head's key prefix in the checkpoint, to choose it among a recipe's heads; nil chooses by name.
  public let prefix: String?
  /// Whether somebody said what the form is; if not, the network's blocks do.
  private let isFormGiven: Bool

  /// - Parameter form: nil leaves it to the network: probabilities behind a softmax, else logits.
  public init(name: String, kind: Kind, labels: [String] = [], form: Form? = nil, prefix: String? = nil) {
    self.name = name
    self.kind = kind
    self.labels = labels
    self.form = form ?? .logits
    self.prefix = prefix
    isFormGiven = form != nil
  }

  init(_ fields: inout FieldReader) throws(MTLError) {
    name = try fields.requiredString("name")
    let labels = try fields.strings("labels")
    let form: Form? = try fields.choice("output")
    kind = try fields.choice("kind") ?? (labels == nil ? .raw : .classification)
    self.labels = labels ?? []
    self.form = form ?? .logits
    isFormGiven = form != nil
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

  /// The same task for a network that ends in `blocks`: a softmax there gives probabilities, unless the form was given.
  func inferringForm(from blocks: [any Block]) -> TaskDescription {
    guard !isFormGiven, blocks.last(where: { !($0 is DropoutBlock) }) is SoftmaxBlock else { return self }
    var task = self
    task.form = .probabilities
    return task
  }

  /// Whether a head of a network, described by its own task, is the one meant here: by prefix if given, else by name.
  func isServed(by own: TaskDescription) -> Bool {
    prefix == nil ? own.name == name : own.prefix == prefix
  }
}
