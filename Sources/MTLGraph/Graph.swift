/// A value of a graph: an input, a constant, or the output of a node.
public struct ValueID: Hashable, Sendable {
  public let index: Int

  @usableFromInline init(index: Int) { self.index = index }

  /// Stands where an optional input of a node is left out.
  public static let absent = ValueID(index: -1)
}

/// What a file said of a node: the operator's name in the standard, and its attributes. It says all of the operator.
public struct NodeSource: Sendable {
  public let domain: String
  public let name: String
  public let attributes: Attributes

  public init(domain: String, name: String, attributes: Attributes) {
    self.domain = domain
    self.name = name
    self.attributes = attributes
  }
}

/// One use of an operator.
public struct Node: Sendable {
  public var name: String
  public var operation: any Operator { didSet { source = nil } }
  /// nil for nodes that came from no file, or have become another operator since.
  public fileprivate(set) var source: NodeSource?
  public var inputs: [ValueID]
  public var outputs: [ValueID]

  public init(name: String, operation: any Operator, inputs: [ValueID], outputs: [ValueID]) {
    self.name = name
    self.operation = operation
    self.inputs = inputs
    self.outputs = outputs
  }
}

extension Node {
  /// The inputs whose elements are read, not only their shape.
  public var dataInputs: [ValueID] {
    inputs.indices.filter { !operation.readsShapeOnly(input: $0) }.map { inputs[$0] }
  }
}

/// A named end of a graph.
public struct Port: Sendable, Hashable {
  public let name: String
  public let value: ValueID

  public init(name: String, value: ValueID) {
    self.name = name
    self.value = value
  }
}

/// Nodes in an order in which they can run, the constants they use, and the named inputs and outputs.
///
/// A graph is portable: it knows no layout, no CPU and, except for its constants, no size. Shapes are found by running
/// the shape rules on concrete input shapes.
public struct Graph: Sendable {
  public private(set) var nodes: [Node] = []
  public private(set) var inputs: [Port] = []
  public private(set) var outputs: [Port] = []
  public private(set) var constants: ValueMap<Tensor> = [:]
  /// What files call their constants; others have no name.
  public private(set) var constantNames: ValueMap<String> = [:]
  public private(set) var valueCount = 0

  public init() {}

  private mutating func newValue() -> ValueID {
    defer { valueCount += 1 }
    return ValueID(index: valueCount)
  }

  public mutating func addInput(_ name: String) -> ValueID {
    let value = newValue()
    inputs.append(Port(name: name, value: value))
    return value
  }

  public mutating func addConstant(_ tensor: Tensor, name: String? = nil) -> ValueID {
    let value = newValue()
    constants[value] = tensor
    constantNames[value] = name
    return value
  }

  /// Appends a node; returns its first output, which mostly is the only one.
  @discardableResult
  public mutating func add(_ operation: any Operator, name: String, _ inputs: [ValueID]) -> ValueID {
    append(operation, name: name, inputs)[0]
  }

  /// Appends a node; returns all its outputs, at least one. Inputs may be `.absent`.
  @discardableResult
  public mutating func append(_ operation: any Operator, name: String, _ inputs: [ValueID]) -> [ValueID] {
    let outputs = (0..<max(operation.outputCount, 1)).map { _ in newValue() }
    nodes.append(Node(name: name, operation: operation, inputs: inputs, outputs: outputs))
    return outputs
  }

  /// Appends a node as a file describes it, and keeps the description; returns all the outputs that the operator has, at
  /// least as many as the file names. Errors need not name the node: the reader does.
  public mutating func append(
    _ described: OperatorImport, _ attributes: Attributes, name: String, _ inputs: [ValueID]
  ) throws(MTLError) -> [ValueID] {
    let outputs = append(try described.make(attributes), name: name, inputs)
    guard attributes.outputCount <= outputs.count else {
      throw MTLError(
        .badFormat, "outputs", expected: "at most \(outputs.count)", found: "\(attributes.outputCount)")
    }
    nodes[nodes.count - 1].source = NodeSource(
      domain: described.domain, name: described.name, attributes: attributes)
    return outputs
  }

  public mutating func addOutput(_ name: String, _ value: ValueID) {
    outputs.append(Port(name: name, value: value))
  }

  /// Replaces all nodes; used by the rewrites of `Simplify/`.
  mutating func replaceNodes(_ nodes: [Node], outputs: [Port]) {
    self.nodes = nodes
    self.outputs = outputs
    let (allConstants, allNames) = (constants, constantNames)
    constants = ValueMap(valueCount: valueCount)
    constantNames = ValueMap(valueCount: valueCount)
    func keep(_ value: ValueID) {
      guard let constant = allConstants[value] else { return }
      constants[value] = constant
      constantNames[value] = allNames[value]
    }
    for node in nodes { node.inputs.forEach(keep) }
    for output in outputs { keep(output.value) }
  }

  /// Which node makes each value.
  public func producers() -> ValueMap<Int> {
    var producers: ValueMap<Int> = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs { producers[output] = index }
    }
    return producers
  }

  /// How often the elements of each value are read, graph outputs included.
  public func useCounts() -> ValueMap<Int> {
    var counts: ValueMap<Int> = [:]
    for value in nodes.flatMap(\.dataInputs) + outputs.map(\.value) { counts[value, default: 0] += 1 }
    return counts
  }

  /// The shape of every value for these input shapes, in the order of `inputs`. Errors name the node.
  public func shapes(for inputShapes: [Shape]) throws(MTLError) -> ValueMap<Shape> {
    guard inputShapes.count == inputs.count else {
      throw MTLError(.shapeMismatch, "graph", expected: "\(inputs.count) inputs", found: "\(inputShapes.count)")
    }
    var shapes = constants.mapValues(\.shape)
    for (port, shape) in zip(inputs, inputShapes) {
      shapes[port.value] = try Shape(checking: shape.dimensions, of: port.name)
    }
    for node in nodes {
      if !node.operation.kinds.isDisjoint(with: [.general, .values]) {
        try addGeneralShapes(of: node, to: &shapes)
      } else {
        try addShapes(of: node, to: &shapes)
      }
    }
    return shapes
  }

  /// The shapes of an operator in general form may follow from the values of constants.
  private func addGeneralShapes(of node: Node, to shapes: inout ValueMap<Shape>) throws(MTLError) {
    let facts = node.inputs.map { value -> Fact? in
      if let constant = constants[value] { return Fact(constant) }
      return value == .absent ? nil : Fact(.float32, shapes[value])
    }
    for (value, fact) in zip(node.outputs, try node.operation.infer(facts)) {
      guard let shape = fact.shape else {
        throw MTLError(.unsupported, node.name, "the shape of its output depends on data")
      }
      shapes[value] = shape
    }
  }

  private func addShapes(of node: Node, to shapes: inout ValueMap<Shape>) throws(MTLError) {
    for (value, shape) in zip(node.outputs, try node.outputShapes(node.inputs.map { shapes[$0] ?? [] })) {
      shapes[value] = shape
    }
  }

  /// Runs the reference evaluation of every node: slow, and the definition of the graph's meaning.
  public func evaluate(_ inputTensors: [Tensor]) throws(MTLError) -> [Tensor] {
    _ = try shapes(for: inputTensors.map(\.shape))
    var tensors = constants
    for (port, tensor) in zip(inputs, inputTensors) { tensors[port.value] = tensor }
    for node in nodes {
      var arguments: [Tensor] = []
      for value in node.inputs {
        guard let tensor = tensors[value] else {
          throw MTLError(.internalFault, node.name, "input \(value.index) is used before it is made")
        }
        arguments.append(tensor)
      }
      for (value, tensor) in zip(node.outputs, try node.operation.evaluate(arguments)) { tensors[value] = tensor }
    }
    return outputs.compactMap { tensors[$0.value] }
  }
}

extension Node {
  /// The operator's shape rule; the error names this node.
  public func outputShapes(_ inputShapes: [Shape]) throws(MTLError) -> [Shape] {
    do {
      let shapes = try operation.outputShapes(inputShapes)
      for shape in shapes { _ = try Shape(checking: shape.dimensions, of: "output") }
      return shapes
    } catch {
      throw MTLError(error.kind, "\(name) (\(operation.name))", error.description)
    }
  }
}
