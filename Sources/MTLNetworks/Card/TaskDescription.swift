import MTLFormats
import MTLGraph

/// One task of a network: what its output means and how it is shown.
public struct TaskDescription: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// One of several classes: N x classes.
    case classification
    /// Several labels, each true or not: N x labels.
    case multiLabel = "multi_label"
    /// One of several classes that have an order, as ages by decade: N x classes, or N x (classes - 1) where `output` is
    /// `cumulative`.
    case ordinal
    /// Numbers in `unit`: N x values.
    case regression
    /// One of several classes for each pixel: N x classes x H x W.
    case segmentation
    /// One of several parts of a thing for each pixel, class 0 for what is none: N x classes x H x W.
    case partSegmentation = "part_segmentation"
    /// Distance for each pixel in `unit`: N x 1 x H x W.
    case depth
    /// Disparity or inverse depth for each pixel: N x 1 x H x W.
    case disparity
    /// Surface normals for each pixel, x, y, z: N x 3 x H x W.
    case normals
    /// How much each pixel stands out: N x 1 x H x W, or 2 channels, the second for "salient".
    case saliency
    /// How much each pixel is an edge: N x 1 x H x W.
    case edges
    /// Objects, N x (classes + 4) x H x W: CenterNet's heat map of each class, width, height, offsets in x and y.
    case detection
    /// Persons with key points, N x (7 + 3 * joints) x H x W: CenterNet's heat map, width, height, offsets, x and y of each
    /// joint from the centre, heat map of each joint, their offsets. `labels` name the joints.
    case keyPoints = "key_points"
    /// A vector that stands for the picture, to be compared with others: N x values, or N x values x H x W, averaged.
    case embedding
    /// Numbers without a known meaning.
    case raw
  }

  /// What the network's own forward returns for classes, of a picture or of each pixel.
  public enum Form: String, Sendable, CaseIterable {
    case logits
    case probabilities
    case logProbabilities = "log_probabilities"
    /// Of ordered classes alone, N x (classes - 1): the k-th logit says that the class lies above the k-th (CORAL: Cao,
    /// Mirjalili and Raschka, "Rank consistent ordinal regression for neural networks", 2020).
    case cumulative
  }

  /// How the training code resizes a head's maps to the input's size, bilinear.
  public enum Upsampling: String, Sendable, CaseIterable {
    /// The corners of the image stay where they are: PyTorch's `align_corners=False`.
    case centers
    /// The outermost values are the outermost pixels: `align_corners=True`.
    case corners
  }

  public private(set) var name: String
  public let kind: Kind
  /// Class names in the order of the output; empty where they are unknown.
  public let labels: [String]
  public private(set) var form: Form
  /// Unit of the output's numbers, "m" for metres; nil where it has none or it is unknown.
  public let unit: String?
  public let upsampling: Upsampling
  /// The head's key prefix in the checkpoint, to choose it among a recipe's heads; nil chooses by name.
  public private(set) var prefix: String?
  /// Of the data that the task was trained on.
  public private(set) var convention: TaskConvention
  /// Whether somebody said what the form is; if not, the network's blocks do.
  private let isFormGiven: Bool
  /// Whether a card names the task, and says nothing of what its output means.
  private let isBare: Bool

  /// - Parameter form: nil leaves it to the network: probabilities behind a softmax, else logits.
  public init(
    name: String, kind: Kind, labels: [String] = [], form: Form? = nil, unit: String? = nil, prefix: String? = nil,
    upsampling: Upsampling = .centers, convention: TaskConvention = TaskConvention()
  ) {
    self.convention = convention
    self.unit = unit
    self.upsampling = upsampling
    self.name = name
    self.kind = kind
    self.labels = labels
    self.form = form ?? .logits
    self.prefix = prefix
    isFormGiven = form != nil
    isBare = false
  }

  /// Under its own name, what the network's own description of the task says; a task that a card describes stays as it is.
  func inheriting(from own: TaskDescription) -> TaskDescription {
    guard isBare else { return self }
    var task = own
    (task.name, task.prefix) = (name, prefix)
    task.convention = convention.completed(by: own.convention)
    return task
  }

  init(_ fields: inout FieldReader) throws(MTLError) {
    name = try fields.requiredString("name")
    let labels = try fields.strings("labels")
    let form: Form? = try fields.choice("output")
    let kind: Kind? = try fields.choice("kind")
    let unit = try fields.string("unit")
    self.unit = unit
    let upsampling: Upsampling? = try fields.choice("upsampling")
    self.upsampling = upsampling ?? .centers
    convention = try TaskConvention(&fields)
    isBare = labels == nil && form == nil && kind == nil && unit == nil && upsampling == nil
    self.kind = kind ?? (labels == nil ? .raw : .classification)
    self.labels = labels ?? []
    self.form = form ?? .logits
    isFormGiven = form != nil
    prefix = try fields.string("prefix")
    try fields.finish()
    try TaskDescription.check(name: name, path: fields.path)
    guard self.form != .cumulative || self.kind == .ordinal else {
      throw MTLError(
        .badFormat, "\(fields.path).output", expected: "'cumulative' for kind ordinal alone", found: self.kind.rawValue)
    }
    guard convention.palette.isEmpty || self.labels.isEmpty || convention.palette.count == self.labels.count else {
      throw MTLError(
        .badFormat, "\(fields.path).palette", expected: "\(self.labels.count) colours, one for each label",
        found: "\(convention.palette.count)")
    }
  }

  /// The object of a `model.json` that says the same.
  ///
  /// - Parameter prefix: what chooses the task's head or output; nil where its name does.
  public func json(prefix: String?) -> JSONValue {
    var members: [JSONValue.Member] = [.init("name", .string(name)), .init("kind", .string(kind.rawValue))]
    if !labels.isEmpty { members.append(.init("labels", .array(labels.map { .string($0) }))) }
    if kind == .classification || form != .logits { members.append(.init("output", .string(form.rawValue))) }
    if let unit { members.append(.init("unit", .string(unit))) }
    if upsampling != .centers { members.append(.init("upsampling", .string(upsampling.rawValue))) }
    if let prefix { members.append(.init("prefix", .string(prefix))) }
    members += convention.members
    return .object(members)
  }

  /// Fails for a name that no task can have: outputs become files of that name, and lists of tasks have commas.
  static func check(name: String, path: String) throws(MTLError) {
    // By bytes: with a combining character behind it, a slash is no Character of its own.
    let refused = [UInt8(ascii: "/"), UInt8(ascii: ","), 0]
    guard !name.isEmpty, !name.utf8.contains(where: { refused.contains($0) }) else {
      throw MTLError(.badFormat, path, "the task name '\(name)' is empty or has one of '/' ','")
    }
  }

  /// The same task for a network that ends in a softmax or not: probabilities behind one, unless the form was given.
  func inferringForm(endsInSoftmax: Bool) -> TaskDescription {
    guard !isFormGiven, endsInSoftmax else { return self }
    var task = self
    task.form = .probabilities
    return task
  }

  /// Whether a head of a network, described by its own task, is the one meant here: by prefix if given, else by name.
  func isServed(by own: TaskDescription) -> Bool {
    prefix == nil ? own.name == name : own.prefix == prefix
  }
}
