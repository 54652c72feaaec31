/// Builds a graph for inputs of known types and shapes: constants and what follows from shapes are folded, and operators
/// take the special form that kernels know. Values keep no identity from the graph before.
public struct Specializer: Sendable {
  public private(set) var graph = Graph()
  public private(set) var facts: ValueMap<Fact> = [:]
  /// Nodes of the graph that is specialised, for the names of those that take their place.
  private var nodeName = ""
  private var depth = 0
  /// Values that came onto a grid of bytes: what they were made of, and where those lie as floats again.
  var bytes: [ValueID: (source: ValueID, grid: ByteGrid)] = [:]
  var gridded: [GriddedValue: ValueID] = [:]
  /// The same the other way.
  var sources: [ValueID: GriddedValue] = [:]
  /// The grids of values that hold numbers of others in another order.
  var moved: [ValueID: ByteGrid] = [:]
  /// Constants that are whole numbers times a factor for each place of an axis, and as floats, for operators that do not
  /// know what to do with these.
  var wholeWeights: [ValueID: WholeWeights] = [:]
  var floatWeights: [ValueID: ValueID] = [:]
  /// The same as layers read them.
  var layerWeights: [LayerWeights.Key: LayerWeights.Constants] = [:]
  /// What looking into sequences may still cost.
  private var sequenceBudget = 1 << 20

  /// Elements that are computed at most for one value while planning; more is left to the plan.
  private static let maximumFoldedCount = 1 << 26
  private static let maximumFoldedTextCount = 1 << 20
  /// Special forms of special forms, and subgraphs in subgraphs.
  private static let maximumDepth = 32
  /// Multiply-accumulates that are left to kernels.
  static let longReference = 1_000_000

  /// Whether only shapes and costs are asked for: large weights are not put into another order then.
  private let isSketch: Bool
  /// Whether something was left out for that, so that the graph computes nothing.
  public private(set) var isIncomplete = false

  /// Weights from which on a sketch leaves them as they are; values that shapes could depend on are smaller.
  private static let largeWeight = 1 << 20

  public init(isSketch: Bool = false) { self.isSketch = isSketch }

  public mutating func addInput(_ name: String, _ fact: Fact) -> ValueID {
    let value = graph.addInput(name)
    facts[value] = fact
    return value
  }

  public mutating func addOutput(_ name: String, _ value: ValueID) { graph.addOutput(name, value) }

  /// Drops what nobody asks for any more, such as sequences that were looked through.
  mutating func removeDeadNodes() { graph.removeDeadNodes() }

  public mutating func addConstant(_ tensor: Tensor, name: String? = nil) -> ValueID {
    let value = graph.addConstant(tensor, name: name)
    facts[value] = Fact(tensor)
    return value
  }

  public func fact(_ value: ValueID) -> Fact? { facts[value] }

  /// A matrix of weights with its axes changed over; of a sketch, a matrix of that shape.
  mutating func transposed(_ weight: Tensor) throws(MTLError) -> Tensor {
    guard isSketch, weight.shape.elementCount >= Specializer.largeWeight else {
      return try Transpose([1, 0]).evaluate([weight])[0]
    }
    isIncomplete = true
    return try weight.reshaped(to: [weight.shape[1], weight.shape[0]])
  }

  /// Adds a node under the name of the one that is being specialised; returns its outputs.
  @discardableResult
  public mutating func add(_ operation: any Operator, _ inputs: [ValueID?]) throws(MTLError) -> [ValueID] {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Specializer.maximumDepth else {
      throw MTLError(.limit, nodeName, "has operators or subgraphs nested more than \(Specializer.maximumDepth) deep")
    }
    var inputs = try wholeWeights.isEmpty ? inputs : withoutWholeWeights(inputs, of: operation)
    while let last = inputs.last, last == nil { inputs.removeLast() }
    let known = inputs.map { value in value.flatMap { id in facts[id].map { KnownValue(id: id, fact: $0) } } }
    do {
      return try place(operation, inputs, known)
    } catch {
      if error.subject.hasPrefix("\(nodeName) (") { throw error }
      throw MTLError(error.kind, "\(nodeName) (\(operation.name))", error.description)
    }
  }

  private mutating func place(
    _ operation: any Operator, _ inputs: [ValueID?], _ known: [KnownValue?]
  ) throws(MTLError) -> [ValueID] {
    let facts = known.map { $0?.fact }
    try operation.requireForms(facts)
    let outputs = try operation.infer(facts)
    for case let shape? in outputs.map(\.shape) { _ = try Shape(checking: shape.dimensions, of: "output") }
    if let whole = (operation as? DequantizeLinear)?.wholeWeights(known, graph.constantNames) {
      let values = append(operation, inputs, outputs)
      wholeWeights[values[0]] = whole
      return values
    }
    if let folded = try folded(operation, known, outputs) { return folded }
    if let special = try operation.specialized(known, in: &self) { return special }
    return append(operation, inputs, outputs)
  }

  /// Adds a node as it is.
  mutating func append(_ operation: any Operator, _ inputs: [ValueID?], _ outputs: [Fact]) -> [ValueID] {
    let values = graph.append(operation, name: nodeName, inputs.map { $0 ?? .absent })
    for (value, fact) in zip(values, outputs) { facts[value] = fact }
    carryGrid(operation, inputs, to: values)
    return values
  }

  /// The outputs as constants, where all that they depend on is known and computing them is little work.
  private mutating func folded(
    _ operation: any Operator, _ known: [KnownValue?], _ outputs: [Fact]
  ) throws(MTLError) -> [ValueID]? {
    let values = outputs.compactMap(\.value)
    if values.count == outputs.count, !outputs.isEmpty { return values.map { addConstant($0) } }
    guard operation.isDeterministic, known.allSatisfy({ $0 == nil || $0?.fact.value != nil }),
      outputs.allSatisfy({ $0.form == .tensor && $0.presence == .certain })
    else { return nil }
    let inputShapes = known.map { $0?.fact.shape ?? [] }
    let outputShapes = outputs.compactMap(\.shape)
    if outputShapes.count == outputs.count {
      let hasText = outputs.contains { $0.type == .string }
      let limit = hasText ? Specializer.maximumFoldedTextCount : Specializer.maximumFoldedCount
      guard outputShapes.allSatisfy({ $0.elementCount <= limit }),
        operation.multiplyAccumulates(inputs: inputShapes, outputs: outputShapes) <= Specializer.longReference
      else { return nil }
    }
    return try operation.compute(known.map { $0?.fact.value }).map { addConstant($0) }
  }

  /// Adds the nodes of a graph behind these values; returns its outputs.
  public mutating func inline(_ other: Graph, _ inputs: [ValueID?]) throws(MTLError) -> [ValueID] {
    guard inputs.count == other.inputs.count else {
      throw MTLError(.badFormat, nodeName, expected: "\(other.inputs.count) inputs", found: "\(inputs.count)")
    }
    var map = ValueMap<ValueID>(valueCount: other.valueCount)
    facts.reserveCapacity(graph.valueCount + other.valueCount)
    for (port, value) in zip(other.inputs, inputs) { map[port.value] = value }
    for (value, tensor) in other.constants {
      map[value] = addConstant(tensor, name: other.constantNames[value])
    }
    let outerName = nodeName
    for node in other.nodes {
      nodeName = node.name
      for (value, made) in zip(node.outputs, try add(node.operation, node.inputs.map { map[$0] })) { map[value] = made }
    }
    nodeName = outerName
    return try other.outputs.map { port throws(MTLError) in
      guard let value = map[port.value] else {
        throw MTLError(.badFormat, port.name, "the output is made by no node")
      }
      return value
    }
  }
}

// MARK: - Sequences

extension Specializer {
  /// Whether work on so many values of sequences is still worth it: in a few bytes, sequences of sequences grow beyond
  /// all bounds.
  mutating func spend(_ count: Int) -> Bool {
    guard count <= sequenceBudget else { return false }
    sequenceBudget -= count
    return true
  }

  /// A sequence of which every tensor is a value of the graph, so that who takes one out takes that; nil where it has too
  /// many. Nothing but a use of the sequence as a whole needs its node.
  mutating func addSequence(_ elements: [ValueID], of type: DataType) -> ValueID? {
    guard spend(elements.count + 1) else { return nil }
    let value = graph.append(SequenceConstruct(emptyType: type), name: nodeName, elements)[0]
    var fact = Fact(.sequence, of: type)
    fact.elements = elements
    facts[value] = fact
    return value
  }
}

extension Graph {
  /// The graph for inputs of these types and shapes, and what is known of its values.
  ///
  /// - Parameter isSketch: only shapes and costs are looked at afterwards.
  public func specialized(for inputs: [Fact], isSketch: Bool = false) throws(MTLError) -> Specializer {
    var specializer = Specializer(isSketch: isSketch)
    guard inputs.count == self.inputs.count else {
      throw MTLError(.shapeMismatch, "graph", expected: "\(self.inputs.count) inputs", found: "\(inputs.count)")
    }
    let values = zip(self.inputs, inputs).map { specializer.addInput($0.name, $1) }
    for (port, value) in zip(outputs, try specializer.inline(self, values)) { specializer.addOutput(port.name, value) }
    specializer.removeDeadNodes()
    return specializer
  }

  /// What is known of the outputs for inputs of which this is known.
  package func outputFacts(for inputs: [Fact?]) throws(MTLError) -> [Fact] {
    var specializer = Specializer()
    var values: [ValueID?] = []
    for (port, fact) in zip(self.inputs, inputs) {
      guard let fact else {
        values.append(nil)
        continue
      }
      let constant = fact.value.map { specializer.addConstant($0) }
      values.append(constant ?? specializer.addInput(port.name, fact.withoutValue))
    }
    return try specializer.inline(self, values).map { value in
      // Values of the specializer's graph mean nothing to the caller.
      var fact = specializer.facts[value] ?? Fact(.float32, nil)
      fact.elements = nil
      return fact
    }
  }
}
