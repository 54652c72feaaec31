import MTLEngine
import MTLFormats
import MTLGraph
import MTLNetworks

/// An input as a caller hands it in.
public struct ModelInput: Sendable, Equatable {
  public let name: String
  /// Of the tensor, or of each tensor of the sequence.
  public let type: DataType
  public let form: ValueForm
  /// Whether it may be missing.
  public let isOptional: Bool
  /// nil for sizes that may be any.
  public let dimensions: [Int?]
  /// Names of sizes that may be any, and are equal wherever the name is.
  public let symbols: [String?]

  public init(
    name: String, type: DataType, form: ValueForm = .tensor, isOptional: Bool = false, dimensions: [Int?],
    symbols: [String?] = []
  ) {
    self.name = name
    self.type = type
    self.form = form
    self.isOptional = isOptional
    self.dimensions = dimensions
    self.symbols = symbols
  }
}

extension Model {
  /// A model from the bytes of an ONNX file.
  ///
  /// - Parameters:
  ///   - card: what the outputs mean; nil takes the card inside the file, and guesses where there is none.
  ///   - folder: where the files lie that the model names.
  ///   - copy: read those into memory instead of mapping them.
  static func open(
    onnx bytes: Bytes, name: String, card: ModelCard?, folder: String?, copy: Bool, precision: Precision?
  ) throws(MTLError) -> Model {
    let quantization = try quantization(recorded: nil, name: name, precision)
    let model = try OnnxModel.read(bytes, name: name, folder: folder, copy: copy)
    let own = card == nil ? try GraphDescription.card(inside: model, name) : nil
    return try Model(
      model, card: card ?? own, network: "onnx", fileName: name, byteCount: bytes.count,
      quantization: quantization)
  }

  /// A model from the library's own file: its graph where it holds one, else weights of the network that its card names.
  static func open(
    native store: WeightStore, name: String, card: ModelCard?, precision: Precision?
  ) throws(MTLError) -> Model {
    let own = try NativeFile.card(of: store).map { text throws(MTLError) in
      try ModelCard(
        parsing: Bytes(copying: Array(text.utf8)), name: "\(name): metadata '\(NativeFile.cardKey)'")
    }
    guard let card = card ?? own else { throw MTLError(.badFormat, name, "says nowhere what its network is") }
    guard case .file = card.network, let graph = try NativeFile.graph(of: store, name: name) else {
      return try Model(card, weights: store, precision: precision)
    }
    return try Model(
      graph, card: card, network: "graph", fileName: name, byteCount: store.byteCount,
      quantization: quantization(recorded: store.quantization, name: name, precision))
  }
}

/// What the parts of a `Model` are for a file that holds its graph.
struct GraphDescription {
  let inputs: [ModelInput]
  let picture: InputDescription
  let tasks: [TaskDescription]
  var outputShapes: [Shape]
  var costs: [Segment: Cost] = [:]
  var parameterCount: Int
  var notes: [String]
  /// The graph at default sizes.
  private(set) var specialization: KnownSpecialization?

  /// Side of pictures that a model leaves open.
  private static let defaultSide = 224

  /// The graph, with the outputs that are tasks alone.
  let graph: Graph
  let outputs: [GraphModel.Port]
  /// Whether somebody said what the outputs mean.
  let isDescribed: Bool

  init(_ model: GraphModel, card: ModelCard?) throws(MTLError) {
    inputs = model.inputs.map { port in
      ModelInput(
        name: port.name, type: port.type?.element ?? .float32, form: port.type?.form ?? .tensor,
        isOptional: port.type?.isOptional ?? false,
        dimensions: (port.dimensions ?? []).map { if case .fixed(let size) = $0 { size } else { nil } },
        symbols: (port.dimensions ?? []).map { if case .named(let name) = $0 { name } else { nil } })
    }
    let chosen = try GraphDescription.outputs(of: model, for: card?.tasks ?? [])
    outputs = chosen.map { model.outputs[$0] }
    let described = card?.tasks.isEmpty == false
    isDescribed = described
    tasks = described ? card?.tasks ?? [] : model.outputs.map { GraphDescription.guess($0) }
    notes = model.notes + (described ? [] : ["kinds of tasks are a guess from the names and shapes of the outputs"])
    picture = try GraphDescription.picture(inputs, card?.input)
    graph = chosen == Array(model.outputs.indices) ? model.graph : model.graph.selecting(outputs: chosen)
    outputShapes = outputs.map { output in
      Shape((output.dimensions ?? []).map { if case .fixed(let size) = $0 { size } else { 1 } })
    }
    parameterCount = graph.numbersOfWeights.reduce(0) { $0.saturatingSum($1.shape.elementCount) }
    if card == nil { notes += GraphDescription.pictureNotes(picture, inputs) }
    measure()
  }

  /// The card that a model carries in its metadata.
  static func card(inside model: GraphModel, _ name: String) throws(MTLError) -> ModelCard? {
    guard let text = model.metadata.first(where: { $0.key == NativeFile.cardKey })?.value else { return nil }
    return try ModelCard(parsing: Bytes(copying: Array(text.utf8)), name: "\(name): metadata '\(NativeFile.cardKey)'")
  }

  /// The output that each task stands for, by prefix or else by name; all where no task is named.
  private static func outputs(of model: GraphModel, for tasks: [TaskDescription]) throws(MTLError) -> [Int] {
    guard !tasks.isEmpty else { return Array(model.outputs.indices) }
    return try tasks.map { task throws(MTLError) in
      let wanted = task.prefix ?? task.name
      if let index = model.outputs.firstIndex(where: { $0.name == wanted }) { return index }
      throw MTLError(
        .badFormat, "task '\(task.name)'",
        expected: "one of the outputs \(model.outputs.map(\.name).joined(separator: ", "))",
        found: "'\(wanted)'")
    }
  }

  /// Shapes and costs at default sizes, for networks that run at those.
  private mutating func measure() {
    guard inputs.allSatisfy({ $0.form == .tensor }) else { return }
    let facts = inputs.map { Fact($0.type, Shape(defaultSizes($0))) }
    guard let specializer = try? graph.specialized(for: facts, isSketch: true) else { return }
    specialization = KnownSpecialization(specializer, for: facts)
    let shapes = specializer.graph.outputs.map { specializer.fact($0.value)?.shape }
    outputShapes = zip(outputShapes, shapes).map { $1 ?? $0 }
    guard let first = facts.first?.shape, facts.count == 1,
      let costs = try? specializer.graph.costs(for: [first])
    else { return }
    self.costs = costs
  }

  /// Sizes for what a model leaves open: one picture of the default side.
  func defaultSizes(_ input: ModelInput) -> [Int] {
    input.dimensions.enumerated().map { axis, size in
      size ?? (input.dimensions.count == 4 && axis >= 2 ? GraphDescription.defaultSide : 1)
    }
  }

  /// The one input as a picture; models that take none say so when they are given one.
  private static func picture(_ inputs: [ModelInput], _ given: InputDescription?) throws(MTLError) -> InputDescription {
    let input = inputs.first { $0.type == .float32 && $0.form == .tensor && $0.dimensions.count == 4 }
    if let given {
      guard let input, input.dimensions[1].map({ $0 == given.color.channelCount }) ?? true else {
        throw MTLError(
          .badFormat, "input", expected: "an input of \(given.color.channelCount) channels",
          found: input.map { "'\($0.name)' of \($0.dimensions[1] ?? 0)" } ?? "none of images")
      }
      return given
    }
    let channels = input.flatMap { $0.dimensions[1] } ?? 3
    let sides = 1...Window.maximumSide
    func side(_ axis: Int) -> Int {
      guard let size = input.flatMap({ $0.dimensions[axis] }), sides.contains(size) else { return defaultSide }
      return size
    }
    let color: InputDescription.Color = channels == 1 ? .gray : .rgb
    return InputDescription(
      name: (input ?? inputs.first)?.name ?? "", width: side(3), height: side(2), color: color,
      mean: [Double](repeating: 0, count: color.channelCount),
      standardDeviation: [Double](repeating: 1, count: color.channelCount))
  }

  /// What a picture becomes where no card says it.
  private static func pictureNotes(_ picture: InputDescription, _ inputs: [ModelInput]) -> [String] {
    guard inputs.count == 1, inputs[0].name == picture.name, inputs[0].dimensions.count == 4 else { return [] }
    return [
      "pictures are stretched to \(picture.width)x\(picture.height), their range from 0 to 1 and nothing taken off, which is "
        + "a guess; --write-card writes it down to be changed"
    ]
  }

  /// What an output probably is.
  private static func guess(_ port: GraphModel.Port) -> TaskDescription {
    let name = port.name.lowercasedASCII
    let rank = port.dimensions?.count ?? 0
    func says(_ words: String...) -> Bool { words.contains { name.containsText($0) } }
    let kind: TaskDescription.Kind =
      if rank == 4 {
        says("depth")
          ? .depth
          : says("normal")
            ? .normals
            : says("edge")
              ? .edges
              : says("seg", "sem", "mask") ? .segmentation : .raw
      } else if rank == 2 {
        says("logit", "class", "prob", "label", "softmax") ? .classification : .raw
      } else {
        .raw
      }
    let isPlain = port.type == ValueType(.tensor, .float32, isOptional: false)
    return TaskDescription(name: fileName(port.name), kind: isPlain ? kind : .raw)
  }

  /// Tasks name files: slashes and commas in an output's name become lines.
  private static func fileName(_ name: String) -> String {
    String(decoding: name.utf8.map { [0x2F, 0x2C, 0].contains($0) ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
  }
}

extension Graph {
  /// Constants that are parameters of layers: floats, and what is dequantized, but not scales.
  fileprivate var numbersOfWeights: [Tensor] {
    var (isDequantized, isScale) = (ValueMap<Bool>(), ValueMap<Bool>())
    for node in nodes where node.operation is DequantizeLinear || node.operation is QuantizeLinear {
      if node.operation is DequantizeLinear, let numbers = node.inputs.first { isDequantized[numbers] = true }
      for value in node.inputs.dropFirst() { isScale[value] = true }
    }
    return constants.compactMap { value, tensor in
      (tensor.type.isFloatingPoint ? isScale[value] != true : isDequantized[value] == true) ? tensor : nil
    }
  }
}

extension String {
  /// Whether it has these letters in this order somewhere.
  fileprivate func containsText(_ part: String) -> Bool {
    let (all, part) = (Array(utf8), Array(part.utf8))
    guard all.count >= part.count else { return false }
    return (0...(all.count - part.count)).contains { all[$0..<$0 + part.count].elementsEqual(part) }
  }
}
