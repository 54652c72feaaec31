import MTLGraph

/// Reads the nodes of one graph: names become values, nodes operators. A graph inside a node has a reader of its own, which
/// takes what it does not know from the reader around it.
final class OnnxGraphReader {
  private(set) var graph = Graph()
  let context: OnnxContext
  private let parent: OnnxGraphReader?
  private let depth: Int
  /// The names in sight; a function's body has its own.
  private var scope: Scope
  /// Names of the outer graph, in the order of the inputs behind the formal ones.
  private var captures: [String] = []

  /// What the names in a graph or a function's body mean.
  private struct Scope {
    var values: [String: ValueID] = [:]
    let opsets: [String: Int]
    /// Attributes of the node that a function's body stands for.
    var attributes: [String: AttributeValue]?
    var depth = 0
    var prefix = ""
  }

  private enum Field {
    static let nodes: Int32 = 1
    static let initializers: Int32 = 5
    static let inputs: Int32 = 11
    static let outputs: Int32 = 12
    static let sparseInitializers: Int32 = 15
  }

  init(context: OnnxContext, opsets: [String: Int], parent: OnnxGraphReader? = nil) {
    self.context = context
    self.parent = parent
    depth = (parent?.depth ?? 0) + 1
    scope = Scope(opsets: opsets)
    scope.attributes = parent?.scope.attributes
    scope.prefix = parent?.scope.prefix ?? ""
  }

  /// Reads a model's graph.
  func readMain(
    _ message: OnnxMessage
  ) throws(MTLError) -> (inputs: [GraphModel.Port], outputs: [GraphModel.Port]) {
    let constants = try readInitializers(message)
    var inputs: [GraphModel.Port] = []
    // Before version 4 of the format, constants were inputs, too.
    for input in message.children(Field.inputs) where !constants.contains(input.text(1)) {
      let port = try GraphModel.Port(input)
      guard port.type != nil else {
        throw MTLError(
          .unsupported, "input '\(port.name)'", "is no tensor or sequence of tensors of a type that the library has")
      }
      try define(port.name, graph.addInput(port.name), "input '\(port.name)'")
      inputs.append(port)
    }
    try readNodes(message.children(Field.nodes))
    let outputs = try message.children(Field.outputs).map { output throws(MTLError) in try GraphModel.Port(output) }
    try addOutputs(outputs.map(\.name))
    return (inputs, outputs)
  }

  /// Reads the graph in an attribute; returns the names of the outer graph that it uses, for the node's inputs.
  private func readSubgraph(_ message: OnnxMessage) throws(MTLError) -> [String] {
    guard depth <= OnnxContext.maximumDepth else {
      throw MTLError(.limit, "graph '\(message.text(2))'", "nests deeper than \(OnnxContext.maximumDepth) graphs")
    }
    let constants = try readInitializers(message)
    for input in message.children(Field.inputs) where !constants.contains(input.text(1)) {
      let name = input.text(1)
      try define(name, graph.addInput(name), "input '\(name)'")
    }
    try readNodes(message.children(Field.nodes))
    try addOutputs(message.children(Field.outputs).map { $0.text(1) })
    return captures
  }

  private func addOutputs(_ names: [String]) throws(MTLError) {
    var seen: Set<String> = []
    for name in names {
      guard seen.insert(name).inserted else { throw MTLError(.badFormat, "output '\(name)'", "is named twice") }
      guard let value = value(name) else {
        throw MTLError(.badFormat, "output '\(name)'", "is made by no node")
      }
      graph.addOutput(name, value)
    }
  }

  private func readInitializers(_ message: OnnxMessage) throws(MTLError) -> Set<String> {
    var names: Set<String> = []
    for tensor in message.children(Field.initializers) {
      let name = tensor.text(8)
      let value = try OnnxTensor.read(tensor, name: "tensor '\(name)'", context.external)
      try define(name, graph.addConstant(value, name: name), "tensor '\(name)'")
      names.insert(name)
    }
    for tensor in message.children(Field.sparseInitializers) {
      let name = tensor.child(1)?.text(8) ?? ""
      let value = try OnnxSparseTensor.read(tensor, name: "tensor '\(name)'", context)
      try define(name, graph.addConstant(value, name: name), "tensor '\(name)'")
      names.insert(name)
    }
    return names
  }

  private func define(_ name: String, _ value: ValueID, _ subject: String) throws(MTLError) {
    guard !name.isEmpty else { throw MTLError(.badFormat, subject, "has no name") }
    guard scope.values.updateValue(value, forKey: name) == nil else {
      throw MTLError(.badFormat, subject, "a second value is named '\(name)'")
    }
  }

  /// What a name stands for here; what an outer graph makes becomes an input, and its constants are constants here.
  private func value(_ name: String) -> ValueID? {
    if let own = scope.values[name] { return own }
    guard let parent, scope.depth == 0, let outer = parent.value(name) else { return nil }
    let value: ValueID
    if let constant = parent.graph.constants[outer] {
      value = graph.addConstant(constant, name: parent.graph.constantNames[outer])
    } else {
      captures.append(name)
      value = graph.addInput(name)
    }
    scope.values[name] = value
    return value
  }
}

// MARK: - Nodes

extension OnnxGraphReader {
  private func readNodes(_ messages: [OnnxMessage]) throws(MTLError) {
    let nodes = messages.map { OnnxNode($0, prefix: scope.prefix) }
    var made: Set<String>?
    for node in nodes {
      try context.countNode(node.subject)
      var inputs: [ValueID] = []
      for name in node.inputs {
        guard !name.isEmpty else {
          inputs.append(.absent)
          continue
        }
        guard let value = value(name) else {
          let later = made ?? Set(nodes.flatMap(\.outputs))
          made = later
          throw MTLError(
            .badFormat, node.subject,
            later.contains(name)
              ? "its input '\(name)' is made behind it, or depends on it" : "its input '\(name)' is made by no node")
        }
        inputs.append(value)
      }
      try read(node, inputs)
    }
  }

  private func read(_ node: OnnxNode, _ inputs: [ValueID]) throws(MTLError) {
    let name = OnnxFunction.Name(domain: node.domain, name: node.operatorName)
    if let function = context.functions[name] { return try expand(function, node, inputs) }
    guard let found = OperatorCatalog.find(node.operatorName, domain: node.domain) else {
      let domain = node.domain.isEmpty ? "" : "\(node.domain)."
      throw MTLError(.unsupported, node.subject, "the library has no operator \(domain)\(node.operatorName)")
    }
    guard let opset = scope.opsets[node.domain] ?? (node.domain.isEmpty ? nil : 1) else {
      throw MTLError(.badFormat, node.subject, "the model imports no operator set '\(node.domain)'")
    }
    do throws(MTLError) {
      try add(node, found, opset, inputs)
    } catch {
      throw MTLError(error.kind, node.subject, error.description)
    }
  }

  private func add(
    _ node: OnnxNode, _ found: OperatorImport, _ opset: Int, _ inputs: [ValueID]
  ) throws(MTLError) {
    var inputs = inputs
    let attributes = Attributes(
      try attributes(node, &inputs), opset: opset, inputCount: node.inputs.count, outputCount: node.outputs.count)
    let values = try graph.append(found, attributes, name: node.name, inputs)
    for (output, value) in zip(node.outputs, values) where !output.isEmpty {
      try define(output, value, "output '\(output)'")
    }
  }

  /// The attributes by name. A graph's captured values become inputs of the node, behind its own.
  private func attributes(
    _ node: OnnxNode, _ inputs: inout [ValueID]
  ) throws(MTLError) -> [String: AttributeValue] {
    var result: [String: AttributeValue] = [:]
    for message in node.attributes {
      let name = message.text(1)
      let reference = message.text(21)
      let value: AttributeValue?
      if reference.isEmpty {
        value = try attribute(message, name, &inputs)
      } else {
        guard let own = scope.attributes else {
          throw MTLError(.badFormat, "attribute '\(name)'", "refers to '\(reference)' outside of a function")
        }
        value = own[reference]
      }
      guard let value else { continue }
      guard result.updateValue(value, forKey: name) == nil else {
        throw MTLError(.badFormat, "attribute '\(name)'", "is there twice")
      }
    }
    return result
  }

  private func attribute(
    _ message: OnnxMessage, _ name: String, _ inputs: inout [ValueID]
  ) throws(MTLError) -> AttributeValue? {
    switch OnnxNode.attributeKind(message) {
    case 1: return .float(message.float(2))
    case 2: return .integer(message.integer(3))
    case 3: return .string(message.text(4))
    case 4:
      guard let tensor = message.child(5) else { break }
      return .tensor(try OnnxTensor.read(tensor, name: "attribute '\(name)'", context.external))
    case 5:
      guard let body = message.child(6) else { break }
      let reader = OnnxGraphReader(context: context, opsets: scope.opsets, parent: self)
      let start = inputs.count
      for capture in try reader.readSubgraph(body) {
        if let value = value(capture) { inputs.append(value) }
      }
      return .subgraph(Subgraph(reader.graph, captures: start..<inputs.count))
    case 6: return .floats(message.floats(7))
    case 7: return .integers(message.integers(8))
    case 8: return .strings(message.texts(9))
    case 11:
      guard let tensor = message.child(22) else { break }
      return .tensor(try OnnxSparseTensor.read(tensor, name: "attribute '\(name)'", context))
    case 13:
      guard let type = message.child(14) else { break }
      guard let type = ValueType(type) else {
        throw MTLError(.unsupported, "attribute '\(name)'", "is a type that the library does not have")
      }
      return .type(type)
    case let kind:
      throw MTLError(.unsupported, "attribute '\(name)'", "is of a kind that the library does not read: \(kind)")
    }
    throw MTLError(.badFormat, "attribute '\(name)'", "is empty")
  }

  /// A function's nodes in the place of the node that names it.
  private func expand(_ function: OnnxFunction, _ node: OnnxNode, _ inputs: [ValueID]) throws(MTLError) {
    guard scope.depth < OnnxContext.maximumDepth else {
      throw MTLError(.limit, node.subject, "functions nest deeper than \(OnnxContext.maximumDepth)")
    }
    guard inputs.count <= function.inputs.count, node.outputs.count <= function.outputs.count else {
      throw MTLError(
        .badFormat, node.subject,
        expected: "at most \(function.inputs.count) inputs and \(function.outputs.count) outputs",
        found: "\(inputs.count) and \(node.outputs.count)")
    }
    var inputs = inputs
    var body = Scope(opsets: function.opsets)
    var given = try attributes(node, &inputs)
    for message in function.defaults where given[message.text(1)] == nil {
      given[message.text(1)] = try attribute(message, message.text(1), &inputs)
    }
    body.attributes = given
    body.depth = scope.depth + 1
    body.prefix = node.name + "/"
    for (name, value) in zip(function.inputs, inputs) { body.values[name] = value }
    for name in function.inputs.dropFirst(inputs.count) { body.values[name] = .absent }
    // An error ends the reading, so that the outer names need not come back then.
    let outer = scope
    scope = body
    try readNodes(function.nodes)
    body = scope
    scope = outer
    for (name, output) in zip(function.outputs, node.outputs) where !output.isEmpty {
      guard let value = body.values[name] else {
        throw MTLError(.badFormat, node.subject, "the function makes no output '\(name)'")
      }
      try define(output, value, node.subject)
    }
  }
}
