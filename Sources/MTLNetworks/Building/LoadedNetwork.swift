import MTLFormats
import MTLGraph

/// A network with its weights: the graph whose outputs are the tasks, and what the card says of both ends.
public struct LoadedNetwork: Sendable {
  public let graph: Graph
  /// Of constants that are whole numbers: what one is worth in each row (`Graph.scalingWeights`).
  public let steps: ValueMap<Tensor>
  public let input: InputDescription
  /// In the order of the graph's outputs.
  public let tasks: [TaskDescription]
  /// Recipe name, or "blocks".
  public let networkName: String
  /// Keys of the checkpoint that the network has no use for.
  public let ignoredKeys: [String]

  /// Keys of the checkpoint whose tensors are nothing but weights of convolutions, row by row.
  public let convolutionKeys: Set<String>

  /// What was decided while building.
  public let notes: [String]

  /// Builds the card's network from a checkpoint. Keys that are missing, unexpected or misshapen are reported together.
  public init(_ card: ModelCard, weights: WeightStore) throws(MTLError) {
    switch card.network {
    case .recipe(let name, let parameters):
      guard let recipe = recipes.first(where: { $0.name == name }) else {
        let near = nearNames(to: name, among: recipes.map(\.name)).map { "'\($0)'" }.joined(separator: ", ")
        throw MTLError(
          .notFound, "recipe '\(name)'",
          "is not known" + (near.isEmpty ? "" : "; nearest: \(near)") + "; 'mtl-infer networks' lists all")
      }
      do {
        try self.init(recipe, parameters, card, weights)
      } catch  where error.kind == .checkpointMismatch || error.kind == .shapeMismatch {
        throw LoadedNetwork.suggesting(after: error, weights, instead: recipe)
      }
    case .blocks(let description, _):
      guard let input = card.input else { throw MTLError(.badFormat, card.name, "a network of blocks needs 'input'") }
      let own = description.heads.map { TaskDescription(name: $0.name, kind: .raw) }
      let blueprint = NetworkBlueprint(input: input, tasks: own) { tasks in
        NetworkDescription(
          encoder: description.encoder,
          heads: description.heads.filter { head in tasks.contains { $0.name == head.name } })
      }
      try self.init("blocks", blueprint, card, weights)
    case .file:
      throw MTLError(
        .badFormat, card.name, expected: "weights with a graph, such as an ONNX file", found: weights.formatDescription)
    }
  }

  init(
    _ recipe: any Recipe, _ parameters: JSONValue, _ card: ModelCard, _ weights: WeightStore
  ) throws(MTLError) {
    var fields = try FieldReader(parameters, path: "\(card.name): network")
    _ = try fields.string("recipe")
    let blueprint = try recipe.blueprint(weights, &fields)
    try fields.finish()
    try self.init(recipe.name, blueprint, card, weights)
  }

  private init(
    _ name: String, _ blueprint: NetworkBlueprint, _ card: ModelCard, _ weights: WeightStore
  ) throws(MTLError) {
    // Names that a recipe takes from keys are as foreign as those of a card.
    for task in blueprint.tasks { try TaskDescription.check(name: task.name, path: "network '\(name)'") }
    let tasks = try LoadedNetwork.tasks(card.tasks, blueprint.tasks)
    let others = blueprint.tasks.filter { own in !tasks.contains { $0.isServed(by: own) } }
    let input = card.input ?? blueprint.input
    var builder = NetworkBuilder(weights)
    let image = builder.addInput(input)
    let spared = blueprint.headKeys?(others) ?? []
    let outputs: [ValueID]
    do {
      outputs = try blueprint.build(&builder, image, blueprint.headKeys == nil ? tasks + others : tasks)
    } catch {
      // Behind a weight that does not fit, sizes disagree that would not otherwise: then the weights are what to name.
      if builder.binder.hasMismatch { try builder.binder.finish(network: name, sparing: spared) }
      throw error
    }
    let producers = builder.graph.producers()
    var built: [TaskDescription] = []
    for (task, value) in zip(tasks, outputs) {
      try LoadedNetwork.check(task, output: builder.shape(of: value), isKnown: !builder.binder.hasMismatch)
      builder.addOutput(task.name, value)
      built.append(task.inferringForm(endsInSoftmax: builder.graph.isSoftmax(value, producers)))
    }
    try builder.binder.finish(network: name, sparing: spared)
    graph = builder.graph.selecting(outputs: Array(built.indices))
    steps = builder.steps(of: graph)
    convolutionKeys = builder.convolutionKeys(of: graph)
    ignoredKeys = builder.binder.keys(besides: builder.keys(of: graph))
    notes = blueprint.notes + builder.binder.notes
    self.input = input
    self.tasks = built
    networkName = name
  }

  /// The tasks to build: the card's where it names some, each joined to one of the network's own by prefix or by name.
  private static func tasks(
    _ wanted: [TaskDescription], _ own: [TaskDescription]
  ) throws(MTLError) -> [TaskDescription] {
    guard !wanted.isEmpty else { return own }
    var joined: [TaskDescription] = []
    for task in wanted {
      if let match = own.first(where: { task.isServed(by: $0) }) {
        joined.append(task.inheriting(from: match))
        continue
      }
      let known = own.map { $0.name + ($0.prefix.map { " (prefix '\($0)')" } ?? "") }.joined(separator: ", ")
      let key = task.prefix.map { " with prefix '\($0)'" } ?? ""
      throw MTLError(.notFound, "task '\(task.name)'\(key)", "the network has no such head; it has \(known)")
    }
    return joined
  }

  /// Labels must be as many as the network has classes or key points.
  private static func check(_ task: TaskDescription, output: Shape, isKnown: Bool) throws(MTLError) {
    guard isKnown, let form = task.labelledForm else { return }
    guard output.rank == form.rank, let count = form.count(output[1]) else {
      throw MTLError(
        .shapeMismatch, "task '\(task.name)'", expected: "\(form.description) for \(form.name)", found: "\(output)")
    }
    guard task.labels.isEmpty || task.labels.count == count else {
      throw MTLError(
        .shapeMismatch, "task '\(task.name)'", expected: "\(count) labels for \(count) \(form.items)",
        found: "\(task.labels.count)")
    }
  }
}

extension Graph {
  /// Whether a value is what a softmax gave.
  fileprivate func isSoftmax(_ value: ValueID, _ producers: ValueMap<Int>) -> Bool {
    guard let node = producers[value].map({ nodes[$0] }) else { return false }
    return node.operation.kinds.contains(.passThrough)
      ? isSoftmax(node.inputs[0], producers) : node.operation is Softmax
  }
}
