import MTLEngine
import MTLFormats
import MTLGraph
import MTLNetworks

/// A network with its weights and what its tasks mean. Immutable: any number of sessions and threads may share one.
public final class Model: Sendable {
  public let name: String
  public let description: String
  /// Container of the weights: "PyTorch zip checkpoint".
  public let format: String
  /// Recipe name, or "blocks".
  public let networkName: String
  public let input: InputDescription
  /// All inputs, for callers that bring tensors.
  public let inputs: [ModelInput]
  public let tasks: [TaskDescription]
  /// Of the file with the weights.
  public let fileByteCount: Int
  /// What the reader found and skipped.
  public let notes: [String]
  /// Keys of the checkpoint that the network has no use for.
  public let ignoredKeys: [String]
  /// Output shape of each task for a batch of 1 at the default input size.
  public let outputShapes: [Shape]
  /// Parameters and multiply-accumulates of the encoder and of each head, for a batch of 1 at the default input size.
  public let costs: [Segment: Cost]
  private let parameterCount: Int
  let network: Network
  /// Weights that convolutions alone read, where a checkpoint of them is quantized.
  private let convolutionKeys: Set<String>
  /// nil for a part of a model.
  let source: Source?

  /// Which values run in bytes or bfloat16; nil for a model of floats.
  public var quantization: QuantizationTable? { network.quantization }

  /// Where the network came from: what can be written again.
  enum Source: Sendable {
    /// A checkpoint, and the "network" of its card.
    case weights(WeightStore, network: JSONValue)
    /// A graph; whether somebody said what its outputs mean.
    case graph(GraphModel, isDescribed: Bool)
  }

  init(
    _ card: ModelCard, weights: WeightStore, notes: [String] = [], precision: Precision? = nil
  ) throws(MTLError) {
    let loaded = try LoadedNetwork(card, weights: weights)
    name = card.name
    source = .weights(weights, network: card.networkField)
    description = card.description
    format = weights.formatDescription
    fileByteCount = weights.byteCount
    networkName = loaded.networkName
    input = loaded.input
    inputs = [
      ModelInput(
        name: input.name, type: .float32, dimensions: [nil] + input.shape(batch: 1).dimensions.dropFirst().map { $0 })
    ]
    tasks = loaded.tasks
    self.notes = notes + weights.notes + loaded.notes
    ignoredKeys = loaded.ignoredKeys
    convolutionKeys = loaded.convolutionKeys
    let quantization = try Model.quantization(recorded: weights.quantization, name: card.name, precision)
    network = try Network(loaded.graph.scalingWeights(by: loaded.steps), quantization: quantization)
    let inputShape = loaded.input.shape(batch: 1)
    let shapes = try network.graph.shapes(for: [inputShape])
    outputShapes = network.graph.outputs.map { shapes[$0.value] ?? [] }
    // Counted before the simplification, which folds some parameters into others.
    costs = try loaded.graph.costs(for: [inputShape])
    parameterCount = loaded.graph.parameterCount
  }

  /// - Parameter network: what kind of file the graph came from.
  init(
    _ model: GraphModel, card: ModelCard?, network kind: String, fileName: String, byteCount: Int,
    quantization: QuantizationTable? = nil
  ) throws(MTLError) {
    fileByteCount = byteCount
    let description = try GraphDescription(model, card: card)
    name = card?.name ?? (model.name.isEmpty ? fileName : model.name)
    self.description = card?.description ?? (model.producer.isEmpty ? "" : "made by \(model.producer)")
    format = model.format
    networkName = kind
    input = description.picture
    inputs = description.inputs
    tasks = description.tasks
    notes = description.notes
    (ignoredKeys, convolutionKeys) = ([], [])
    network = Network(general: description.graph, quantization: quantization, known: description.specialization)
    source = .graph(
      GraphModel(
        graph: network.graph, inputs: model.inputs, outputs: description.outputs, name: model.name,
        producer: model.producer, format: model.format, notes: model.notes), isDescribed: description.isDescribed)
    outputShapes = description.outputShapes
    costs = description.costs
    parameterCount = description.parameterCount
  }

  /// The model that gives the representation which all tasks of this one share, as a task named "embedding".
  ///
  /// Fails with `.unsupported` where there is none: a single task, or networks of several trunks.
  public func encoder() throws(MTLError) -> Model {
    guard let graph = network.graph.encoder() else {
      throw MTLError(.unsupported, name, "its tasks share no representation")
    }
    return try Model(encoder: graph, of: self)
  }

  private init(encoder graph: Graph, of model: Model) throws(MTLError) {
    (name, description, format, networkName) = (model.name, model.description, model.format, model.networkName)
    (fileByteCount, notes, ignoredKeys) = (model.fileByteCount, model.notes, model.ignoredKeys)
    (input, inputs) = (model.input, model.inputs)
    tasks = [TaskDescription(name: "embedding", kind: .embedding)]
    (source, convolutionKeys) = (nil, [])
    network = model.network.isGeneral ? Network(general: graph) : try Network(graph)
    let inputShape = model.input.shape(batch: 1)
    outputShapes = [(try? graph.shapes(for: [inputShape]))?[graph.outputs[0].value] ?? []]
    costs = (try? graph.costs(for: [inputShape])) ?? [:]
    parameterCount = graph.parameterCount
  }

  /// The same model with values in bytes or bfloat16.
  init(_ model: Model, quantizedBy table: QuantizationTable) throws(MTLError) {
    (name, description, format, networkName) = (model.name, model.description, model.format, model.networkName)
    (fileByteCount, notes, ignoredKeys) = (model.fileByteCount, model.notes, model.ignoredKeys)
    (input, inputs, tasks, source) = (model.input, model.inputs, model.tasks, model.source)
    (outputShapes, costs, parameterCount) = (model.outputShapes, model.costs, model.parameterCount)
    convolutionKeys = model.convolutionKeys
    let graph = model.network.graph
    network =
      model.network.isGeneral
      ? Network(general: graph, quantization: table) : try Network(graph, quantization: table)
  }

  /// Tensors of the file that run as whole numbers or bfloat16 alone, and may be kept as such.
  func narrowWeights() throws(MTLError) -> NarrowWeightNames {
    guard let planned = try plannedGraph() else { return NarrowWeightNames() }
    guard network.isGeneral else { return planned.narrowWeightNames.intersection(convolutionKeys) }
    // What graphs inside of nodes do with a tensor is not looked into.
    let hasSubgraphs = network.graph.nodes.contains { node in
      node.source?.attributes.values.values.contains { if case .subgraph = $0 { true } else { false } } ?? false
    }
    guard !hasSubgraphs else { return NarrowWeightNames() }
    let graph = network.graph
    let names = graph.valuesOnlyReadAsWeights().compactMap { graph.constantNames[$0] }
    let counts = Dictionary(graph.constantNames.values.map { ($0, 1) }, uniquingKeysWith: +)
    return planned.narrowWeightNames.intersection(names.filter { counts[$0] == 1 })
  }

  /// Sum over all parts; parameters that several of them use count once.
  public var totalCost: Cost {
    var total = costs.values.reduce(into: Cost()) { $0.add($1) }
    total.parameters = parameterCount
    return total
  }

  /// The graph's own names of what each task gives.
  public var outputNames: [String] { network.graph.outputs.map(\.name) }

  /// Index of a task; the error lists the tasks there are.
  public func taskIndex(_ name: String) throws(MTLError) -> Int {
    if let index = tasks.firstIndex(where: { $0.name == name }) { return index }
    throw MTLError(
      .notFound, "task '\(name)'", "the model has no such task; it has \(tasks.map { $0.name }.joined(separator: ", "))"
    )
  }
}
