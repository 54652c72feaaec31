import MTLGraph

/// Reads a graph from JSON and the tensors of the file around it.
///
///     {"inputs": [{"name", "type", "dimensions"}], "outputs": [{"name", "value", "type", "dimensions"}],
///      "constants": [{"tensor": NAME}], "nodes": [{"name", "operator", "domain", "opset", "inputs": [value or null],
///      "own_inputs", "outputs": count, "attributes": {NAME: {KIND: value}}}]}
///
/// Ends that are sequences say `"form": "sequence"`, those that may be missing `"optional": true`. Constants that are texts
/// stand where they are: `{"texts": [...], "dimensions": [...]}`.
///
/// Values are numbered: inputs, then constants, then what the nodes make, in their order. An operator is what its own file
/// says of the standard's name and attributes, as for an ONNX file; graphs inside a node name what they capture among the
/// node's inputs (`captures`: first, end), behind its `own_inputs`.
struct GraphDecoder {
  private let store: WeightStore
  private let subject: String
  private let depth: Int

  static let maximumDepth = 32
  /// How deep the text may nest: a graph inside a node takes six levels.
  static let maximumTextDepth = 8 * (maximumDepth + 1)

  init(_ store: WeightStore, subject: String, depth: Int = 0) {
    self.store = store
    self.subject = subject
    self.depth = depth
  }

  func model(_ value: JSONValue, name: String, format: String) throws(MTLError) -> GraphModel {
    let inputs = try list(value, "inputs").map { entry throws(MTLError) in try port(entry) }
    if let open = inputs.first(where: { $0.type == nil }) {
      throw MTLError(.badFormat, "\(subject): input '\(open.name)'", "has no type")
    }
    let outputs = try list(value, "outputs").map { entry throws(MTLError) in try port(entry) }
    return GraphModel(
      graph: try graph(value), inputs: inputs, outputs: outputs, name: name, producer: "", format: format)
  }

  private func port(_ entry: JSONValue) throws(MTLError) -> GraphModel.Port {
    let name = try text(entry, "name")
    let type = entry["type"] == nil ? nil : try valueType(entry)
    guard let sizes = entry["dimensions"] else { return GraphModel.Port(name: name, type: type, dimensions: nil) }
    guard let elements = sizes.elements, elements.count <= Shape.maximumRank else {
      throw wrong("dimensions of '\(clipped(name))'", "a list of at most \(Shape.maximumRank) sizes")
    }
    var dimensions: [GraphModel.Dimension] = []
    for element in elements { dimensions.append(try dimension(element, of: name)) }
    return GraphModel.Port(name: name, type: type, dimensions: dimensions)
  }

  private func dimension(_ value: JSONValue, of name: String) throws(MTLError) -> GraphModel.Dimension {
    if value == .null { return .unknown }
    if let symbol = value.string { return .named(symbol) }
    guard let size = integer(value), (0...Shape.maximumElementCount).contains(size) else {
      throw wrong("dimensions of '\(clipped(name))'", "sizes, names or null")
    }
    return .fixed(size)
  }

  private func type(_ value: JSONValue) throws(MTLError) -> DataType {
    guard let type = DataType.allCases.first(where: { $0.description == value.string }) else {
      throw MTLError(.unsupported, subject, "knows no element type '\(clipped(value.string ?? ""))'")
    }
    return type
  }

  private func valueType(_ entry: JSONValue) throws(MTLError) -> ValueType {
    guard let form = entry["form"] == nil ? .tensor : ValueForm(rawValue: entry["form"]?.string ?? "") else {
      throw MTLError(.unsupported, subject, "knows no form '\(clipped(entry["form"]?.string ?? ""))'")
    }
    return ValueType(form, try type(entry["type"] ?? .null), isOptional: entry["optional"] == .bool(true))
  }

  private func graph(_ value: JSONValue) throws(MTLError) -> Graph {
    guard depth <= GraphDecoder.maximumDepth else {
      throw MTLError(.limit, subject, "nests deeper than \(GraphDecoder.maximumDepth) graphs")
    }
    var graph = Graph()
    var values: [ValueID] = []
    var names: Set<String> = []
    for input in try list(value, "inputs") {
      let name = try text(input, "name")
      guard names.insert(name).inserted else { throw wrong("input '\(clipped(name))'", "each name once") }
      values.append(graph.addInput(name))
    }
    for constant in try list(value, "constants") { values.append(try addConstant(constant, to: &graph)) }
    for node in try list(value, "nodes") { values += try add(node, to: &graph, values) }
    names = []
    for output in try list(value, "outputs") {
      let name = try text(output, "name")
      guard names.insert(name).inserted else { throw wrong("output '\(clipped(name))'", "each name once") }
      guard let index = integer(output["value"]), values.indices.contains(index) else {
        throw wrong("output '\(clipped(name))'", "a value of the graph")
      }
      graph.addOutput(name, values[index])
    }
    return graph
  }

  /// A constant; of whole numbers with steps, what dequantizes them, so that they may stay what they are.
  private func addConstant(_ constant: JSONValue, to graph: inout Graph) throws(MTLError) -> ValueID {
    let name = constant["tensor"]?.string
    guard let name, let (numbers, steps) = try store[name]?.wholeNumbers("tensor '\(clipped(name))'") else {
      return graph.addConstant(try tensor(constant), name: name)
    }
    let inputs = [graph.addConstant(numbers, name: name), graph.addConstant(steps)]
    let rows = Attributes(["axis": .integer(0)], opset: 13, inputCount: inputs.count, outputCount: 1)
    return try graph.append(DequantizeLinear.imports[0], rows, name: name, inputs)[0]
  }

  /// Appends a node; the values that count on: those that the file says it makes.
  private func add(_ node: JSONValue, to graph: inout Graph, _ values: [ValueID]) throws(MTLError) -> [ValueID] {
    let name = try text(node, "name")
    let (operatorName, domain) = (try text(node, "operator"), node["domain"]?.string ?? "")
    var title: String { "\(clipped(name)) (\(clipped(operatorName)))" }
    guard let found = OperatorCatalog.find(operatorName, domain: domain) else {
      throw MTLError(.unsupported, title, "the library has no operator \(clipped(domain)).\(clipped(operatorName))")
    }
    let inputs = try list(node, "inputs").map { entry throws(MTLError) -> ValueID in
      if entry == .null { return .absent }
      guard let index = integer(entry), values.indices.contains(index) else {
        throw MTLError(.badFormat, title, "an input is no value that was made before it")
      }
      return values[index]
    }
    let own = node["own_inputs"] == nil ? inputs.count : integer(node["own_inputs"])
    guard let own, (0...inputs.count).contains(own), let opset = integer(node["opset"]), opset >= 1,
      let outputCount = integer(node["outputs"]), (0...GraphDecoder.maximumOutputCount).contains(outputCount)
    else { throw MTLError(.badFormat, title, "'own_inputs', 'opset' or 'outputs' is no possible number") }
    var attributes: [String: AttributeValue] = [:]
    for member in node["attributes"]?.members ?? [] {
      attributes[member.name] = try attribute(member.value, inputs.count, of: "\(title): \(clipped(member.name))")
    }
    let described = Attributes(attributes, opset: opset, inputCount: own, outputCount: outputCount)
    do throws(MTLError) {
      return try graph.append(found, described, name: name, inputs)
    } catch {
      throw MTLError(error.kind, title, error.description)
    }
  }

  private static let maximumOutputCount = 1 << 16

  private func attribute(
    _ value: JSONValue, _ inputCount: Int, of title: @autoclosure () -> String
  ) throws(MTLError) -> AttributeValue {
    guard let member = value.members?.first, value.members?.count == 1 else {
      throw MTLError(.badFormat, title(), "has no kind, or several")
    }
    let content = member.value
    let read: AttributeValue? =
      switch member.name {
      case "integer": integer(content).map { .integer($0) }
      case "float": float(content).map { .float($0) }
      case "string": content.string.map { .string($0) }
      case "tensor": .tensor(try tensor(content))
      case "graph": .subgraph(try subgraph(content, inputCount, title()))
      case "integers": all(content, integer).map { .integers($0) }
      case "floats": all(content, float).map { .floats($0) }
      case "strings": all(content, { $0?.string }).map { .strings($0) }
      case "type": .type(try valueType(content))
      default: nil
      }
    guard let read else { throw MTLError(.badFormat, title(), "is no \(clipped(member.name))") }
    return read
  }

  private func all<Element>(_ value: JSONValue, _ read: (JSONValue?) -> Element?) -> [Element]? {
    guard let elements = value.elements else { return nil }
    let results = elements.compactMap { read($0) }
    return results.count == elements.count ? results : nil
  }

  private func integer(_ value: JSONValue?) -> Int? { value?.integer.flatMap { Int(exactly: $0) } }

  private func float(_ value: JSONValue?) -> Float? {
    switch value {
    case .string("inf"): .infinity
    case .string("-inf"): -.infinity
    case .string("nan"): .nan
    default: value?.number.map { Float($0) }
    }
  }

  private func subgraph(_ value: JSONValue, _ inputCount: Int, _ title: String) throws(MTLError) -> Subgraph {
    let ends = (value["captures"]?.elements ?? []).compactMap { integer($0) }
    let graph = try GraphDecoder(store, subject: subject, depth: depth + 1).graph(value)
    guard ends.count == 2, 0 <= ends[0], ends[0] <= ends[1], ends[1] <= inputCount,
      ends[1] - ends[0] <= graph.inputs.count
    else { throw MTLError(.badFormat, title, "'captures' are no inputs of the node") }
    return Subgraph(graph, captures: ends[0]..<ends[1])
  }

  private func tensor(_ value: JSONValue) throws(MTLError) -> Tensor {
    if value["texts"] != nil { return try texts(value) }
    let name = try text(value, "tensor")
    guard let entry = store[name] else { throw MTLError(.badFormat, "tensor '\(clipped(name))'", "is not in the file") }
    let type = try value["type"].map { type throws(MTLError) in try self.type(type) }
    return try entry.tensor("tensor '\(clipped(name))'", as: type)
  }

  private func texts(_ value: JSONValue) throws(MTLError) -> Tensor {
    guard let texts = all(value["texts"] ?? .null, { $0?.string }),
      let sizes = all(value["dimensions"] ?? .null, integer)
    else { throw wrong("a constant", "texts and dimensions") }
    return try Tensor(texts: texts, shape: try Shape(checking: sizes, of: subject), of: subject)
  }

  private func list(_ value: JSONValue, _ field: String) throws(MTLError) -> [JSONValue] {
    guard let elements = value[field]?.elements else { throw wrong("'\(field)'", "a list") }
    return elements
  }

  private func text(_ value: JSONValue, _ field: String) throws(MTLError) -> String {
    guard let text = value[field]?.string else { throw wrong("'\(field)'", "a text") }
    return text
  }

  private func wrong(_ what: String, _ expected: String) -> MTLError {
    MTLError(.badFormat, "\(subject): \(what)", "is not what it must be: \(expected)")
  }
}

extension WeightEntry {
  /// The dense tensor with its own elements, in place where they are aligned.
  ///
  /// - Parameter type: what elements are that lie in the file as bytes.
  func tensor(_ name: @autoclosure () -> String, as type: DataType?) throws(MTLError) -> Tensor {
    if isConverted { return try float32(name()) }
    guard let own = self.type, isDense else { throw MTLError(.unsupported, name(), "has elements of type \(typeName)") }
    guard type == nil || own == .uint8 && type?.byteCount == 1 else {
      throw MTLError(.badFormat, name(), expected: "bytes, to be \(type ?? own)", found: "\(own)")
    }
    if let blocks { return try Tensor(shape: shape, blocks: blocks, of: name()) }
    let width = own.byteCount
    let bytes = try storage.slice(offset: elementOffset * width, length: shape.elementCount * width, of: name())
    return try Tensor(shape: shape, type: type ?? own, bytes: bytes.aligned(to: width), of: name())
  }
}
