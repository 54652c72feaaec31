import MTLFormats
import MTLGraph

/// A published network: how its graph is built from the keys that its code base gives, and what its checkpoint does not
/// say.
public protocol Recipe: Sendable {
  /// As `--network` takes it: code base, architecture, data set.
  var name: String { get }
  /// The kind of network, under which `mtl-infer networks` lists it.
  var family: RecipeFamily { get }
  /// One line for `mtl-infer networks`.
  var summary: String { get }
  /// Paper or repository of the facts.
  var source: String { get }
  /// What a `model.json` may set beside "recipe".
  var parameters: [RecipeParameter] { get }

  /// Whether a checkpoint's keys look like this network's. Cheap: keys and shapes, no weights. What says yes may still
  /// fail to build; what says no is never guessed.
  func recognizes(_ checkpoint: WeightStore) -> Bool

  /// The network of this checkpoint: tasks, classes, depths and sizes are read off its keys and shapes where they can be,
  /// and off `parameters` where they cannot. Mismatches of single keys are no errors here: building collects them.
  func blueprint(_ checkpoint: WeightStore, _ parameters: inout FieldReader) throws(MTLError) -> NetworkBlueprint
}

extension Recipe {
  public var parameters: [RecipeParameter] { [] }
}

public enum RecipeFamily: String, Sendable, CaseIterable {
  case dense = "dense scenes, hard sharing and attention"
  case softSharing = "soft sharing"
  case faces = "faces and other pictures of one thing"
  case documents = "documents"
  case transformers = "transformers"
  case pascal = "PASCAL-Context and NYUD"
  case detection = "detection with masks and pose"
}

/// A property of a network that its checkpoint may not tell.
public struct RecipeParameter: Sendable {
  public let name: String
  /// "read off" where the checkpoint tells it.
  public let defaultValue: String
  public let meaning: String
  /// Whether one checkpoint may fit with one value and not with another: then it is worth a try where it does not fit.
  public let decidesFit: Bool

  public init(_ name: String, default defaultValue: String, _ meaning: String, decidesFit: Bool = false) {
    self.name = name
    self.defaultValue = defaultValue
    self.meaning = meaning
    self.decidesFit = decidesFit
  }
}

/// A recipe applied to one checkpoint: its two ends, and how its graph is built.
public struct NetworkBlueprint: Sendable {
  /// Adds the network's nodes behind the image. Returns the output of each of the tasks given, in their order; each is
  /// served by one of `tasks` (`TaskDescription.isServed(by:)`), maybe under a name or with labels of its own.
  public typealias Build =
    @Sendable (_ builder: inout NetworkBuilder, _ image: ValueID, _ tasks: [TaskDescription]) throws(MTLError)
    -> [ValueID]

  public let input: InputDescription
  /// Every task that the checkpoint has a head for, with the head's key prefix where heads are told apart by it.
  public let tasks: [TaskDescription]
  /// What was decided on the way and `inspect` shows: "the encoder is not shared", "branch 2 of stage 3 is taken".
  public let notes: [String]
  public let build: Build
  /// The modules of the heads of these tasks, where heads stand apart: then those that nobody wants are not built, and may
  /// be missing. nil where only a built graph tells which keys belong to a task.
  let headKeys: (@Sendable ([TaskDescription]) -> [String])?

  public init(
    input: InputDescription, tasks: [TaskDescription], notes: [String] = [], build: @escaping Build
  ) {
    self.input = input
    self.tasks = tasks
    self.notes = notes
    self.build = build
    headKeys = nil
  }

  /// A network whose tasks are heads on the end of one trunk, as lists of blocks.
  init(
    input: InputDescription, tasks: [TaskDescription], notes: [String] = [],
    blocks: @escaping @Sendable ([TaskDescription]) -> NetworkDescription
  ) {
    self.input = input
    self.tasks = tasks
    self.notes = notes
    build = { builder, image, tasks throws(MTLError) in try blocks(tasks).build(&builder, after: image, tasks) }
    headKeys = { tasks in blocks(tasks).heads.flatMap(\.blocks).flatMap(\.keys) }
  }
}

/// Every built-in network. A checkpoint that several of them fit is taken for the first.
public let recipes: [any Recipe] = [
  [FingersRecipe(form: .mtlNet), FingersRecipe(form: .libMTL)],
  libMTLRecipes,
  autoLambdaRecipes,
  segNetRecipes,
  vandenhendeRecipes,
  [AstmtRecipe()],
  centerNetRecipes,
  documentRecipes,
  transformerRecipes,
  // Last, because its general form takes what the others know more of.
  faceRecipes,
].flatMap { $0 }
