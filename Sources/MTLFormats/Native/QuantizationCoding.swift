import MTLGraph

/// How a model was quantized, for its file.
public struct StoredQuantization: Sendable {
  public let table: QuantizationTable
  /// Tensors, of which nothing is used but whole numbers, or bfloat16, and which are written as such.
  public let weights: NarrowWeightNames
  /// What is added to biases, a tensor for each layer.
  let corrections: [(layer: String, item: SafetensorsWriter.Item)]

  public init(table: QuantizationTable, weights: NarrowWeightNames) {
    self.table = table
    self.weights = weights
    corrections = table.biasCorrections.sorted { $0.key < $1.key }.enumerated().map { index, correction in
      (
        correction.key,
        .init(
          name: ".corrections.\(index)", type: "F32", shape: [correction.value.count],
          bytes: Bytes(copying: correction.value))
      )
    }
  }
}

/// Weights on their way into a file of fewer bits than they had; whole numbers each with a tensor of its rows' steps.
struct NarrowTensors {
  /// Weights that are written in the order of kernels where they are whole numbers.
  let blocks: Set<String>
  /// By weight: the tensor of its steps.
  private(set) var steps: [(weight: String, steps: String)] = []
  /// Floats that lie in the file as bfloat16.
  private(set) var bfloat16: [String] = []

  init(blocks: Set<String>) { self.blocks = blocks }

  mutating func items(bfloat16 name: String, _ weights: Tensor) -> [SafetensorsWriter.Item] {
    bfloat16.append(name)
    return [
      .init(
        name: name, type: "BF16", shape: weights.shape.dimensions, bytes: weights.converted(to: .bfloat16).bytes)
    ]
  }

  /// - Parameter stored: its name in the file.
  mutating func items(
    whole name: String, as stored: String, _ weights: Tensor
  ) throws(MTLError) -> [SafetensorsWriter.Item] {
    let quantized = try QuantizedWeights(weights, of: name)
    let steps = ".steps.\(self.steps.count)"
    self.steps.append((stored, steps))
    return [
      try item(name, as: stored, quantized.tensor),
      .init(name: steps, type: "F32", shape: [quantized.scales.count], bytes: Bytes(copying: quantized.scales)),
    ]
  }

  /// A tensor as it is, in the order of kernels where it is to be.
  func item(_ name: String?, as stored: String, _ tensor: Tensor) throws(MTLError) -> SafetensorsWriter.Item {
    let isWanted = name.map { blocks.contains($0) } ?? false
    guard isWanted, let shape = ByteBlocks.shape(of: tensor.shape), let blocks = try ByteBlocks(tensor) else {
      return .init(
        name: stored, type: tensor.type.safetensorsName ?? "U8", shape: tensor.shape.dimensions, bytes: tensor.bytes)
    }
    return .init(
      name: stored, type: "I8", shape: shape.dimensions, bytes: blocks.bytes, weightShape: tensor.shape.dimensions)
  }
}

extension NativeFile {
  /// {"values": {SITE: {"scale", "zero_point"}}, "float_layers": [...], "corrections": {LAYER: TENSOR},
  /// "steps": {TENSOR: TENSOR}}, and of networks that compute in bfloat16 elsewhere "bfloat16": [TENSOR, ...]. Earlier
  /// versions wrote corrections as numbers in this place.
  static let quantizationKey = "mtl_infer_quantization"

  private static func table(
    _ value: JSONValue, _ store: WeightStore, _ subject: String
  ) throws(MTLError) -> QuantizationTable {
    func wrong(_ field: String, _ expected: String) -> MTLError {
      MTLError(.badFormat, "\(subject).\(field)", "is not what it must be: \(expected)")
    }
    var table = QuantizationTable()
    for (field, isThere) in [
      ("values", value["values"]?.members != nil), ("float_layers", value["float_layers"]?.elements != nil),
      ("corrections", value["corrections"]?.members != nil), ("steps", value["steps"]?.members != nil),
    ] where !isThere {
      throw wrong(field, field == "float_layers" ? "an array" : "an object")
    }
    for member in value["values"]?.members ?? [] {
      guard let scale = member.value["scale"]?.number.map({ Float($0) }),
        let zeroPoint = member.value["zero_point"]?.integer.flatMap({ UInt8(exactly: $0) }),
        let grid = ByteGrid(scale: scale, zeroPoint: zeroPoint)
      else { throw wrong("values.\(clipped(member.name))", "a scale above 0 and a zero point of 0 to 255") }
      table.grids[member.name] = grid
    }
    for element in value["float_layers"]?.elements ?? [] {
      guard let layer = element.string else { throw wrong("float_layers", "names") }
      table.floatNodes.insert(layer)
    }
    for member in value["corrections"]?.members ?? [] {
      guard let numbers = try correction(member.value, store) else {
        throw wrong("corrections.\(clipped(member.name))", "a tensor of float32, or numbers")
      }
      table.biasCorrections[member.name] = numbers
    }
    table.isBFloat16 = value["bfloat16"] != nil
    return table
  }

  /// nil for what is neither a tensor's name nor a list of numbers.
  private static func correction(_ value: JSONValue, _ store: WeightStore) throws(MTLError) -> [Float]? {
    if let name = value.string {
      guard let tensor = store[name], tensor.type == .float32, tensor.shape.rank == 1 else { return nil }
      return try tensor.float32(name).floats()
    }
    let numbers = value.elements?.compactMap { $0.number.map { Float($0) } }
    return numbers?.count == value.elements?.count ? numbers : nil
  }

  static func json(_ quantization: StoredQuantization, _ tensors: NarrowTensors) -> JSONValue {
    let table = quantization.table
    let members: [JSONValue.Member] = [
      .init(
        "values",
        .object(
          table.grids.sorted { $0.key < $1.key }.map { site, grid in
            .init(
              site,
              .object([
                .init("scale", number(grid.scale)), .init("zero_point", .integer(Int64(grid.zeroPoint))),
              ]))
          })),
      .init("float_layers", .array(table.floatNodes.sorted().map { .string($0) })),
      .init(
        "corrections",
        .object(quantization.corrections.map { .init($0.layer, .string($0.item.name)) })),
      .init("steps", .object(tensors.steps.map { .init($0.weight, .string($0.steps)) })),
    ]
    guard table.isBFloat16 else { return .object(members) }
    return .object(members + [.init("bfloat16", .array(tensors.bfloat16.map { .string($0) }))])
  }

  /// The shortest decimal that is read as the same float32.
  private static func number(_ value: Float) -> JSONValue {
    let short = Double(value.description) ?? Double(value)
    return .number(Float(short) == value ? short : Double(value))
  }

  /// Reads the table of a file that has one; gives weights that lie in it as whole numbers their steps, and makes floats of
  /// those of bfloat16.
  static func readQuantization(of store: inout WeightStore, name: String) throws(MTLError) {
    guard let text = store.metadata[quantizationKey] else { return }
    let subject = "\(name): \(quantizationKey)"
    let value = try JSONValue.parse(Bytes(copying: Array(text.utf8)), of: subject)
    guard value.members != nil else {
      throw MTLError(.badFormat, subject, expected: "an object", found: value.kindDescription)
    }
    store.quantization = try table(value, store, subject)
    var (weights, others) = ([String: [Float]](), Set((value["corrections"]?.members ?? []).compactMap(\.value.string)))
    for member in value["steps"]?.members ?? [] {
      let title = "\(subject).steps.\(clipped(member.name))"
      guard let weight = store[member.name], weight.type == .int8, weight.shape.rank > 0,
        let other = member.value.string, let steps = store[other], steps.type == .float32,
        steps.shape.dimensions == [weight.shape[0]]
      else { throw MTLError(.badFormat, title, "is no tensor of bytes with a step of each row") }
      let values = try steps.float32(other).floats()
      guard values.allSatisfy({ $0.isNormal && $0 > 0 }) else {
        throw MTLError(.badFormat, title, "has steps that are no positive numbers")
      }
      weights[member.name] = values
      others.insert(other)
    }
    // Beside a graph, bytes may be what its own operators dequantize.
    let lacking = store.names.first {
      store[$0]?.type == .int8 && store[$0]?.shape.rank == 4 && weights[$0] == nil && store.metadata[graphKey] == nil
    }
    if let lacking {
      throw MTLError(
        .badFormat, "\(subject).steps", expected: "steps of the bytes '\(clipped(lacking))'", found: "none")
    }
    store.scale(weights, removing: others)
    guard let bfloat16 = value["bfloat16"] else { return }
    let names = bfloat16.elements?.compactMap(\.string)
    guard let names, names.count == bfloat16.elements?.count, names.allSatisfy({ store[$0]?.type == .bfloat16 }) else {
      throw MTLError(.badFormat, "\(subject).bfloat16", "is no list of tensors of bfloat16")
    }
    store.widen(names)
  }
}
