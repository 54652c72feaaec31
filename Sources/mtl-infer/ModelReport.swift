import MTLEngine
import MTLGraph
import MTLInfer

/// What `inspect` says of a model; the names are those of its JSON.
struct ModelReport: Encodable {
  struct Part: Encodable {
    let parameters: Int
    let macs: Int
  }

  struct Task: Encodable {
    let name: String
    let kind: String
    let labels: [String]
    let outputShape: [Int]
    let head: Part
  }

  struct Step: Encodable {
    let node: String
    let part: String
    let kernel: String
  }

  /// Of a model that runs in bytes or bfloat16.
  struct Quantization: Encodable {
    /// That are kept in bytes.
    let values: Int
    /// Convolutions that run on bytes and on bfloat16, and all there are.
    let layers: Int
    let bfloat16Layers: Int
    let allLayers: Int
    /// Attentions that run on bfloat16, and all there are.
    let bfloat16Attentions: Int
    let allAttentions: Int

    /// nil for a model of floats.
    init?(_ model: Model) throws(MTLError) {
      guard let table = model.quantization, let counts = try model.quantizedLayers() else { return nil }
      (values, layers, bfloat16Layers, allLayers) = (table.grids.count, counts.bytes, counts.bfloat16, counts.all)
      (bfloat16Attentions, allAttentions) = (counts.bfloat16Attentions, counts.allAttentions)
    }

    var text: String {
      let attentions = bfloat16Attentions == 0 ? "" : ", \(bfloat16Attentions) of \(allAttentions) attentions"
      if values == 0 { return "bf16: \(bfloat16Layers) of \(allLayers) convolutions\(attentions)" }
      let rest = bfloat16Layers == 0 && attentions.isEmpty ? "" : "; bf16: \(bfloat16Layers)\(attentions)"
      return "int8: \(values) values, \(layers) of \(allLayers) convolutions\(rest)"
    }
  }

  let name: String
  let description: String
  let weights: String
  let network: String
  let input: String
  let inputShape: [Int]
  let encoder: Part
  /// What several tasks need, but not all.
  let shared: Part?
  let total: Part
  let tasks: [Task]
  let precision: String
  let quantization: Quantization?
  let isa: String
  let threads: Int
  let ignoredKeys: [String]
  let notes: [String]
  let plan: [Step]?

  init(_ model: Model, _ session: InferenceSession, hasPlan: Bool) throws(MTLError) {
    name = model.name
    description = model.description
    weights = model.format
    network = model.networkName
    let isGeneral = session.isGeneral
    input =
      isGeneral
      ? model.inputs.map(ModelReport.describe).joined(separator: "; ")
      : "\(model.input.name), \(model.input.color.rawValue)"
    inputShape =
      isGeneral
      ? model.inputs.first.map { $0.dimensions.map { $0 ?? -1 } } ?? [] : model.input.shape(batch: 1).dimensions
    encoder = ModelReport.part(model.costs[.encoder])
    let sharedCosts = model.costs.filter { if case .shared = $0.key { true } else { false } }.map(\.value)
    shared =
      sharedCosts.isEmpty
      ? nil
      : Part(
        parameters: sharedCosts.reduce(0) { $0 + $1.parameters },
        macs: sharedCosts.reduce(0) { $0 + $1.multiplyAccumulates })
    total = ModelReport.part(model.totalCost)
    tasks = model.tasks.enumerated().map { index, task in
      Task(
        name: task.name, kind: task.kind.rawValue, labels: task.labels,
        outputShape: model.outputShapes[index].dimensions, head: ModelReport.part(model.costs[.head(index)]))
    }
    precision = model.precision.rawValue
    quantization = try Quantization(model)
    isa = session.instructionSet.name
    threads = try session.statistics().threads
    ignoredKeys = model.ignoredKeys
    notes = model.notes
    plan = hasPlan ? try ModelReport.steps(model, session) : nil
  }

  /// "x float32 ?x3x224x224", "y optional sequence of int64"
  private static func describe(_ input: ModelInput) -> String {
    let optional = input.isOptional ? "optional " : ""
    if input.form == .sequence { return "\(input.name) \(optional)sequence of \(input.type)" }
    let sizes = input.dimensions.map { $0.map(String.init) ?? "?" }
    return "\(input.name) \(optional)\(input.type) \(sizes.joined(separator: "x"))"
  }

  private static func part(_ cost: Cost?) -> Part {
    Part(parameters: cost?.parameters ?? 0, macs: cost?.multiplyAccumulates ?? 0)
  }

  private static func steps(_ model: Model, _ session: InferenceSession) throws(MTLError) -> [Step] {
    try session.planDescription().map { step in
      Step(node: step.node, part: step.segment.name(in: model), kernel: step.kernel)
    }
  }

  /// For a terminal.
  var text: String {
    var lines = ["\(name): \(network), \(weights)"]
    if !description.isEmpty { lines.append(description) }
    lines += ["input \(input), \(Shape(inputShape)); runs on \(isa), \(threads) threads"]
    if let quantization { lines.append(quantization.text) }
    lines += ["", partTable]
    lines += tasks.filter { !$0.labels.isEmpty }.map { "\($0.name): \($0.labels.joined(separator: ", "))" }
    if !ignoredKeys.isEmpty { lines.append("keys not used: \(ignoredKeys.joined(separator: ", "))") }
    lines += notes.map { "note: \($0)" }
    if let plan {
      var table = TextTable([("node", .left), ("part", .left), ("kernel", .left)])
      for step in plan { table.add([step.node, step.part, step.kernel]) }
      lines += ["", table.text]
    }
    return lines.joined(separator: "\n")
  }

  private var partTable: String {
    var table = TextTable([
      ("part", .left), ("kind", .left), ("output", .left), ("parameters", .right), ("MACs", .right),
    ])
    func add(_ name: String, _ kind: String, _ output: String, _ part: Part) {
      table.add([name, kind, output, Format.grouped(part.parameters), Format.grouped(part.macs)])
    }
    add("encoder", "", "", encoder)
    if let shared { add("shared", "", "", shared) }
    for task in tasks { add(task.name, task.kind, "\(Shape(task.outputShape))", task.head) }
    add("total", "", "", total)
    return table.text
  }
}

extension Segment {
  /// For people.
  func name(in model: Model) -> String {
    switch self {
    case .encoder: "encoder"
    case .shared(let tasks): "shared by " + tasks.map { model.tasks[$0].name }.joined(separator: ", ")
    case .head(let task): model.tasks[task].name
    }
  }
}
