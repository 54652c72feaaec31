import MTLFormats
import MTLGraph
import MTLNetworks

extension Model {
  /// Whether the file held the graph, too, and not only weights.
  public var holdsGraph: Bool { if case .graph = source { true } else { false } }

  /// Writes the library's own file: a safetensors file with the tasks, and the graph where the model's own file held it,
  /// in its metadata. It is mapped when it is opened, needs no other file and no reader for ONNX, and gives the same
  /// outputs to the last bit. Weights of networks that the library knows by name keep their names and types; those that a
  /// quantized model runs as whole numbers or bfloat16 are written as such, whole numbers in the order in which kernels
  /// read them.
  public func save(to path: String) throws(MTLError) {
    let stored = try quantization.map { table throws(MTLError) in
      StoredQuantization(table: table, weights: try narrowWeights())
    }
    // A model that cannot be planned has none.
    var blocks = (try? plannedGraph())??.weightsInBlocks ?? []
    switch source {
    case .weights(let weights, let network):
      blocks.formIntersection(stored?.weights.whole ?? [])
      try NativeFile.write(
        weights, card: card(network: network, hasBlocks: !blocks.isEmpty), quantization: stored, blocks: blocks,
        to: path)
    case .graph(let model, let isDescribed):
      // What was a guess stays one.
      let card = card(hasBlocks: !blocks.isEmpty)
      let told = card.members?.filter { isDescribed || !["input", "tasks"].contains($0.name) }
      // A table speaks of the graph as it is, and of the weights that nothing else in it reads.
      let written = stored == nil ? model.foldingConstants() : model
      try NativeFile.write(written, card: .object(told ?? []), quantization: stored, blocks: blocks, to: path)
    case nil: throw MTLError(.unsupported, name, "is a part of a model; save the whole")
    }
  }

  /// The `model.json` that says what this model's input and tasks are.
  ///
  /// - Parameters:
  ///   - weights: name of the file that it lies beside; nil where it lies inside.
  ///   - network: its field "network"; nil for the graph in the file.
  public func card(weights: String? = nil, network: JSONValue? = nil) -> JSONValue {
    card(weights: weights, network: network, hasBlocks: false)
  }

  /// - Parameter hasBlocks: whether it goes into a file with weights in the order of kernels.
  private func card(weights: String? = nil, network: JSONValue? = nil, hasBlocks: Bool) -> JSONValue {
    let format = hasBlocks ? ModelCard.formatVersion : ModelCard.plainFormatVersion
    var members: [JSONValue.Member] = [
      .init("format", .integer(Int64(format))), .init("name", .string(name)),
      .init("description", .string(description)),
    ]
    if let weights { members.append(.init("weights", .string(weights))) }
    members.append(.init("network", network ?? .object([.init("graph", .string("file"))])))
    if inputs.contains(where: { $0.type == .float32 && $0.form == .tensor && $0.dimensions.count == 4 }) {
      members.append(.init("input", input.json))
    }
    let described = zip(tasks, outputNames).map { task, output in
      task.json(prefix: task.prefix ?? (output == task.name ? nil : output))
    }
    return .object(members + [.init("tasks", .array(described))])
  }
}
