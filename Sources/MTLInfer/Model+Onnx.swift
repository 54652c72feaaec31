import MTLEngine
import MTLFormats
import MTLGraph
import MTLNetworks

/// An input as a caller hands it in.
public struct ModelInput: Sendable, Equatable {
  public let name: String
  public let type: DataType
  /// nil for sizes that may be any.
  public let dimensions: [Int?]
}

extension Model {
  /// A model from the bytes of an ONNX file.
  ///
  /// - Parameters:
  ///   - folder: where the files lie that the model names.
  ///   - copy: read those into memory instead of mapping them.
  static func open(onnx bytes: Bytes, name: String, folder: String?, copy: Bool) throws(MTLError) -> Model {
    try Model(
      try OnnxModel.read(bytes, name: name, folder: folder, copy: copy), fileName: name,
      byteCount: bytes.count)
  }
}

/// What the parts of a `Model` are for an ONNX file.
struct OnnxDescription {
  let inputs: [ModelInput]
  let picture: InputDescription
  let tasks: [TaskDescription]
  var outputShapes: [Shape]
  var costs: [Segment: Cost] = [:]
  var parameterCount: Int
  var notes: [String]

  /// Side of pictures that a model leaves open.
  private static let defaultSide = 224

  init(_ model: OnnxModel) throws(MTLError) {
    inputs = model.inputs.map { port in
      ModelInput(
        name: port.name, type: port.type ?? .float32,
        dimensions: (port.dimensions ?? []).map { if case .fixed(let size) = $0 { size } else { nil } })
    }
    tasks = model.outputs.map { OnnxDescription.guess($0) }
    notes = ["kinds of tasks are a guess from the names and shapes of the outputs"]
    picture = OnnxDescription.picture(inputs)
    outputShapes = model.outputs.map { port in
      Shape((port.dimensions ?? []).map { if case .fixed(let size) = $0 { size } else { 1 } })
    }
    parameterCount = model.graph.constants.values.reduce(0) { sum, tensor in
      tensor.type.isFloatingPoint ? sum.saturatingSum(tensor.shape.elementCount) : sum
    }
    measure(model)
  }

  /// Shapes and costs at default sizes, for networks that run at those.
  private mutating func measure(_ model: OnnxModel) {
    let facts = inputs.map { Fact($0.type, Shape(defaultSizes($0))) }
    guard let specializer = try? model.graph.specialized(for: facts) else { return }
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
      size ?? (input.dimensions.count == 4 && axis >= 2 ? OnnxDescription.defaultSide : 1)
    }
  }

  /// The one input as a picture; models that take none say so when they are given one.
  private static func picture(_ inputs: [ModelInput]) -> InputDescription {
    let input = inputs.first { $0.type == .float32 && $0.dimensions.count == 4 }
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

  /// What an output probably is.
  private static func guess(_ port: OnnxModel.Port) -> TaskDescription {
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
    return TaskDescription(name: fileName(port.name), kind: port.type == .float32 ? kind : .raw)
  }

  /// Tasks name files: slashes and commas in an output's name become lines.
  private static func fileName(_ name: String) -> String {
    String(decoding: name.utf8.map { [0x2F, 0x2C, 0].contains($0) ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
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
