import MTLFormats
import MTLGraph

/// A network with its weights: the graph whose outputs are the tasks, and what the card says of both ends.
public struct LoadedNetwork: Sendable {
  public let graph: Graph
  public let input: InputDescription
  /// In the order of the graph's outputs.
  public let tasks: [TaskDescription]
  /// Recipe name, or "blocks".
  public let networkName: String
  /// Keys of the checkpoint that the network has no use for.
  public let ignoredKeys: [String]

  /// Builds the card's network from a checkpoint. Keys that are missing, unexpected or misshapen are reported together.
  public init(_ card: ModelCard, weights: WeightStore) throws(MTLError) {
    switch card.network {
    case .recipe(let name):
      guard let recipe = recipes.first(where: { $0.name == name }) else {
        let known = recipes.map(\.name).joined(separator: ", ")
        throw MTLError(.notFound, "recipe '\(name)'", "is not known; known are \(known)")
      }
      do {
        try self.init(recipe, card, weights)
      } catch  where error.kind == .checkpointMismatch {
        throw LoadedNetwork.suggesting(after: error, weights, except: name)
      }
    case .blocks(let description):
      guard let input = card.input else { throw MTLError(.badFormat, card.name, "a network of blocks needs 'input'") }
      let tasks = try LoadedNetwork.tasks(
        card.tasks, description.heads.map { TaskDescription(name: $0.name, kind: .raw) })
      try self.init("blocks", description, tasks, input, weights)
    }
  }

  private init(_ recipe: any Recipe, _ card: ModelCard, _ weights: WeightStore) throws(MTLError) {
    let tasks = try LoadedNetwork.tasks(card.tasks, recipe.tasks)
    // The heads that the card leaves out are described behind the others, so that their keys are known.
    let others = recipe.tasks.filter { own in !tasks.contains { $0.isServed(by: own) } }
    try self.init(recipe.name, recipe.network(for: tasks + others), tasks, card.input ?? recipe.input, weights)
  }

  private init(
    _ name: String, _ description: NetworkDescription, _ tasks: [TaskDescription], _ input: InputDescription,
    _ weights: WeightStore
  ) throws(MTLError) {
    var builder = NetworkBuilder(weights)
    var features = builder.addInput(input)
    for block in description.encoder { features = try block.add(to: &builder, after: features) }
    var leftOut = description.heads
    var built: [TaskDescription] = []
    for task in tasks {
      guard let place = leftOut.firstIndex(where: { $0.name == task.name }) else {
        throw MTLError(.internalFault, task.name, "the task has no head")
      }
      let head = leftOut.remove(at: place)
      builder.enter(task.name)
      var value = features
      for block in head.blocks { value = try block.add(to: &builder, after: value) }
      try LoadedNetwork.check(task, output: builder.shape(of: value), isKnown: !builder.binder.hasMismatch)
      builder.addOutput(task.name, value)
      built.append(task.inferringForm(from: description.encoder + head.blocks))
    }
    ignoredKeys = try builder.binder.finish(network: name, sparing: leftOut.flatMap(\.blocks).flatMap(\.keys))
    graph = builder.graph
    self.input = input
    self.tasks = built
    networkName = name
  }

  /// The tasks to build: the card's where it names some, each joined to one of the network's own by prefix or by name.
  private static func tasks(
    _ wanted: [TaskDescription], _ own: [TaskDescription]
  ) throws(MTLError) -> [TaskDescription] {
    guard !wanted.isEmpty else { return own }
    for task in wanted where !own.contains(where: { task.isServed(by: $0) }) {
      let known = own.map { $0.name + ($0.prefix.map { " (prefix '\($0)')" } ?? "") }.joined(separator: ", ")
      let key = task.prefix.map { " with prefix '\($0)'" } ?? ""
      throw MTLError(.notFound, "task '\(task.name)'\(key)", "the network has no such head; it has \(known)")
    }
    return wanted
  }

  /// A classification's labels must be as many as the network has classes.
  private static func check(_ task: TaskDescription, output: Shape, isKnown: Bool) throws(MTLError) {
    guard isKnown, task.kind == .classification else { return }
    guard output.rank == 2 else {
      throw MTLError(
        .shapeMismatch, "task '\(task.name)'", expected: "N x classes for a classification", found: "\(output)")
    }
    guard task.labels.isEmpty || task.labels.count == output[1] else {
      throw MTLError(
        .shapeMismatch, "task '\(task.name)'", expected: "\(output[1]) labels for \(output[1]) classes",
        found: "\(task.labels.count)")
    }
  }

  /// The error, with the recipe that would fit the checkpoint, if there is one.
  private static func suggesting(after error: MTLError, _ weights: WeightStore, except name: String) -> MTLError {
    guard let fitting = fittingRecipe(weights), fitting != name else { return error }
    return MTLError(error.kind, error.subject, "\(error.problem). It fits the recipe '\(fitting)'")
  }

  /// The name of the built-in recipe that a checkpoint fits, or nil.
  public static func fittingRecipe(_ weights: WeightStore) -> String? {
    recipes.first { (try? LoadedNetwork($0, ModelCard(recipe: $0.name), weights)) != nil }?.name
  }
}
