import MTLGraph

/// A graph as JSON, and the tensors that it names. See `GraphDecoding` for the form.
struct GraphEncoder {
  private(set) var items: [SafetensorsWriter.Item] = []
  private(set) var narrowTensors: NarrowTensors
  /// Constants that are written as whole numbers.
  private let narrow: NarrowWeightNames
  private var names: Set<String> = []
  private var written: [Place: String] = [:]

  /// Where a tensor's elements lie: several constants of one place are written once.
  private struct Place: Hashable {
    let address: UInt
    let type: DataType
    let shape: Shape
  }

  init(narrow: NarrowWeightNames, blocks: Set<String>) {
    self.narrow = narrow
    narrowTensors = NarrowTensors(blocks: blocks)
  }

  /// The graph of a model with what is said of its ends.
  mutating func encode(_ model: GraphModel) throws(MTLError) -> JSONValue {
    .object(
      try members(
        model.graph, inputs: model.inputs.map { GraphEncoder.form($0) },
        outputs: model.outputs.map { GraphEncoder.form($0) }))
  }

  /// What a port says besides its name.
  private static func form(_ port: GraphModel.Port) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    if let type = port.type { members += form(type) }
    if let dimensions = port.dimensions {
      let sizes = dimensions.map { dimension -> JSONValue in
        switch dimension {
        case .fixed(let size): .integer(Int64(size))
        case .named(let name): .string(name)
        case .unknown: .null
        }
      }
      members.append(.init("dimensions", .array(sizes)))
    }
    return members
  }

  /// A tensor that must be there says its type alone.
  private static func form(_ type: ValueType) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [.init("type", .string(type.element.description))]
    if type.form != .tensor { members.append(.init("form", .string(type.form.rawValue))) }
    if type.isOptional { members.append(.init("optional", .bool(true))) }
    return members
  }

  private func numbering(_ graph: Graph) -> ValueMap<Int64> {
    var numbers: ValueMap<Int64> = [:]
    let values = graph.inputs.map(\.value) + graph.constants.keys + graph.nodes.flatMap(\.outputs)
    for (number, value) in values.enumerated() { numbers[value] = Int64(number) }
    return numbers
  }

  /// Inputs, outputs, constants and nodes, in this order; `inputs` and `outputs` are what is said of these besides their
  /// names, where anything is.
  private mutating func members(
    _ graph: Graph, inputs: [[JSONValue.Member]] = [], outputs: [[JSONValue.Member]] = []
  ) throws(MTLError) -> [JSONValue.Member] {
    let numbers = numbering(graph)
    let inputs = graph.inputs.enumerated().map { index, port in
      JSONValue.object([.init("name", .string(port.name))] + (index < inputs.count ? inputs[index] : []))
    }
    let outputs = graph.outputs.enumerated().map { index, port in
      JSONValue.object(
        [.init("name", .string(port.name)), .init("value", .integer(numbers[port.value] ?? -1))]
          + (index < outputs.count ? outputs[index] : []))
    }
    var constants: [JSONValue] = []
    for (value, tensor) in graph.constants {
      constants.append(try encode(tensor, name: graph.constantNames[value]))
    }
    var nodes: [JSONValue] = []
    for node in graph.nodes { nodes.append(try encode(node, numbers)) }
    return [
      .init("inputs", .array(inputs)), .init("outputs", .array(outputs)), .init("constants", .array(constants)),
      .init("nodes", .array(nodes)),
    ]
  }

  private mutating func encode(_ node: Node, _ numbers: ValueMap<Int64>) throws(MTLError) -> JSONValue {
    guard let source = node.source else {
      throw MTLError(.internalFault, node.name, "the operator \(node.operation.name) came from no file")
    }
    let attributes = source.attributes
    var members: [JSONValue.Member] = [
      .init("name", .string(node.name)), .init("operator", .string(source.name)),
    ]
    if !source.domain.isEmpty { members.append(.init("domain", .string(source.domain))) }
    members += [
      .init("opset", .integer(Int64(attributes.opset))),
      .init("inputs", .array(node.inputs.map { numbers[$0].map { .integer($0) } ?? .null })),
    ]
    if attributes.inputCount != node.inputs.count {
      members.append(.init("own_inputs", .integer(Int64(attributes.inputCount))))
    }
    members.append(.init("outputs", .integer(Int64(attributes.outputCount))))
    let values = attributes.values.sorted { $0.key < $1.key }
    if !values.isEmpty {
      var encoded: [JSONValue.Member] = []
      for (name, value) in values { encoded.append(.init(name, try encode(value, of: "\(node.name).\(name)"))) }
      members.append(.init("attributes", .object(encoded)))
    }
    return .object(members)
  }

  private mutating func encode(_ value: AttributeValue, of name: String) throws(MTLError) -> JSONValue {
    let (kind, content): (String, JSONValue) =
      switch value {
      case .integer(let integer): ("integer", .integer(Int64(integer)))
      case .float(let float): ("float", GraphEncoder.encode(float))
      case .string(let string): ("string", .string(string))
      case .tensor(let tensor): ("tensor", try encode(tensor, name: name))
      case .subgraph(let subgraph): ("graph", try encode(subgraph))
      case .integers(let integers): ("integers", .array(integers.map { .integer(Int64($0)) }))
      case .floats(let floats): ("floats", .array(floats.map { GraphEncoder.encode($0) }))
      case .strings(let strings): ("strings", .array(strings.map { .string($0) }))
      case .type(let type): ("type", .object(GraphEncoder.form(type)))
      }
    return .object([.init(kind, content)])
  }

  /// JSON has no infinities.
  private static func encode(_ float: Float) -> JSONValue {
    float.isFinite ? .number(Double(float)) : .string(float.isNaN ? "nan" : float < 0 ? "-inf" : "inf")
  }

  private mutating func encode(_ subgraph: Subgraph) throws(MTLError) -> JSONValue {
    let captures = [subgraph.captures.lowerBound, subgraph.captures.upperBound].map { JSONValue.integer(Int64($0)) }
    return .object(try members(subgraph.graph) + [JSONValue.Member("captures", .array(captures))])
  }

  /// Types without a name in safetensors are bytes there, and the graph says what they are.
  private mutating func encode(_ tensor: Tensor, name: String?) throws(MTLError) -> JSONValue {
    if tensor.type == .string {
      return .object([
        .init("texts", .array(tensor.texts.map { .string($0) })),
        .init("dimensions", .array(tensor.shape.dimensions.map { .integer(Int64($0)) })),
      ])
    }
    let address = unsafe tensor.stored.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    let place = Place(address: address, type: tensor.type, shape: tensor.shape)
    let stored: String
    if let known = written[place], tensor.stored.count > 0 {
      stored = known
    } else {
      stored = fresh(name)
      written[place] = stored
      if let name, narrow.whole.contains(name) {
        items += try narrowTensors.items(whole: name, as: stored, tensor)
      } else if let name, narrow.bfloat16.contains(name) {
        items += narrowTensors.items(bfloat16: stored, tensor)
      } else {
        items.append(try narrowTensors.item(name, as: stored, tensor))
      }
    }
    var members: [JSONValue.Member] = [.init("tensor", .string(stored))]
    if tensor.type.safetensorsName == nil { members.append(.init("type", .string(tensor.type.description))) }
    return .object(members)
  }

  /// A name that no other tensor has.
  private mutating func fresh(_ name: String?) -> String {
    let wanted = name.flatMap { GraphEncoder.isUsable($0) ? $0 : nil } ?? "constant"
    var (candidate, number) = (wanted, names.count)
    while !names.insert(candidate).inserted {
      candidate = "\(wanted).\(number)"
      number += 1
    }
    return candidate
  }

  private static func isUsable(_ name: String) -> Bool {
    SafetensorsWriter.canName(name) && name.utf8.count < WeightStore.maximumNameByteCount - 20
  }
}
