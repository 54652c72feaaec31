import MTLGraph

/// The library's own file: a safetensors file that says in its metadata what its tensors are for.
///
/// `mtl_infer` is the text of a `model.json`. Where that says `"network": {"graph": "file"}`, the graph is the text under
/// `mtl_infer_graph`. Weights of a network that the library knows by name keep the names of their checkpoint, and their
/// types. Tensors of 64 bytes and more begin at multiples of 64; what is called `.padding.N` fills the gaps. A quantized
/// model has its table under `mtl_infer_quantization`, what is added to biases in `.corrections.N`, and weights of bytes
/// with their steps in `.steps.N`, or of bfloat16. Weights of bytes that convolutions read may lie in the order of kernels
/// (`ByteBlocks`); their own shapes are under `mtl_infer_blocks` then.
public enum NativeFile {
  /// Keys of the metadata; the first also of an ONNX file's.
  public static let cardKey = "mtl_infer"
  static let graphKey = "mtl_infer_graph"
  /// Further names of tensors that networks use in several places: {NAME: name in the file}.
  static let aliasKey = "mtl_infer_aliases"

  /// The `model.json` inside a file; nil for other files.
  public static func card(of store: WeightStore) -> String? { store.metadata[cardKey] }

  /// The graph inside a file; nil for other files.
  public static func graph(of store: WeightStore, name: String) throws(MTLError) -> GraphModel? {
    guard let text = store.metadata[graphKey] else { return nil }
    let subject = "\(name): \(graphKey)"
    let value = try JSONValue.parse(
      Bytes(copying: Array(text.utf8)), of: subject, depth: GraphDecoder.maximumTextDepth)
    return try GraphDecoder(store, subject: subject).model(value, name: "", format: "mtl-infer")
  }

  /// Writes a graph and its constants.
  ///
  /// - Parameter blocks: constants to put in the order of kernels where they are whole weights.
  public static func write(
    _ model: GraphModel, card: JSONValue, quantization: StoredQuantization? = nil, blocks: Set<String> = [],
    to path: String
  ) throws(MTLError) {
    var encoder = GraphEncoder(narrow: quantization?.weights ?? NarrowWeightNames(), blocks: blocks)
    let graph = try encoder.encode(model).text()
    try SafetensorsWriter(encoder.items + (quantization?.corrections.map(\.item) ?? [])).write(
      to: path,
      metadata: [.init(cardKey, try text(card)), .init(graphKey, .string(String(decoding: graph, as: UTF8.self)))]
        + metadata(quantization, encoder.narrowTensors) + metadata(blocks: encoder.items))
  }

  /// Writes weights of a network that the card names; those of types that the library cannot read stay behind.
  ///
  /// - Parameter blocks: tensors to put in the order of kernels where they are whole weights.
  public static func write(
    _ weights: WeightStore, card: JSONValue, quantization: StoredQuantization? = nil, blocks: Set<String> = [],
    to path: String
  ) throws(MTLError) {
    var items: [SafetensorsWriter.Item] = []
    var aliases: [JSONValue.Member] = []
    var names: [WeightEntry.Place: String] = [:]
    var narrow = NarrowTensors(blocks: blocks)
    // A tensor of several names is written under its first.
    let whole = Set((quantization?.weights.whole ?? []).compactMap { weights[$0]?.place })
    let bfloat16 = Set((quantization?.weights.bfloat16 ?? []).compactMap { weights[$0]?.place })
    for name in weights.names where SafetensorsWriter.canName(name) {
      guard let entry = weights[name], entry.type != nil else { continue }
      if let first = names[entry.place], entry.shape.elementCount > 0 {
        aliases.append(.init(name, .string(first)))
        continue
      }
      names[entry.place] = name
      if whole.contains(entry.place) {
        items += try narrow.items(whole: name, as: name, entry.float32(name))
        continue
      }
      if bfloat16.contains(entry.place) {
        items += narrow.items(bfloat16: name, try entry.float32(name))
        continue
      }
      let isPlain = entry.isDense && entry.type?.safetensorsName != nil
      let tensor = isPlain ? try entry.tensor(name, as: nil) : try entry.float32(name)
      items.append(try narrow.item(name, as: name, tensor))
    }
    let tied = aliases.isEmpty ? [] : [JSONValue.Member(aliasKey, try text(.object(aliases)))]
    try SafetensorsWriter(items + (quantization?.corrections.map(\.item) ?? [])).write(
      to: path,
      metadata: [.init(cardKey, try text(card))] + tied + metadata(quantization, narrow) + metadata(blocks: items))
  }

  private static func metadata(
    _ quantization: StoredQuantization?, _ tensors: NarrowTensors
  ) throws(MTLError) -> [JSONValue.Member] {
    guard let quantization else { return [] }
    return [.init(quantizationKey, try text(json(quantization, tensors)))]
  }

  /// Gives the tensors of a file their further names.
  static func addAliases(to store: inout WeightStore, name: String) throws(MTLError) {
    guard let text = store.metadata[aliasKey] else { return }
    let subject = "\(name): \(aliasKey)"
    for alias in try JSONValue.parse(Bytes(copying: Array(text.utf8)), of: subject).members ?? [] {
      guard let target = alias.value.string, let entry = store[target] else {
        throw MTLError(.badFormat, "\(subject).\(clipped(alias.name))", "names no tensor of the file")
      }
      try store.add(alias.name, entry)
    }
  }

  static func text(_ card: JSONValue) throws(MTLError) -> JSONValue {
    .string(String(decoding: try card.text(), as: UTF8.self))
  }
}
