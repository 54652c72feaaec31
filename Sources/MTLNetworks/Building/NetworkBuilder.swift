import MTLFormats
import MTLGraph

/// Grows a graph block by block while it takes the weights, and knows the shape of every value on the way.
///
/// When a weight does not fit, building goes on with its expected shape, so that all mismatches are found; the graph is
/// then thrown away.
public struct NetworkBuilder {
  private(set) var graph = Graph()
  var binder: WeightBinder
  private var shapes: ValueMap<Shape> = [:]
  /// The keys of the constants, of which a tensor that the checkpoint stores under several has them all.
  private var keys: ValueMap<[String]> = [:]
  private var weights: [String: ValueID] = [:]
  private var aliases: [Alias: ValueID] = [:]
  /// Of constants that are whole numbers: what one is worth in each row.
  private var steps: ValueMap<Tensor> = [:]
  /// How many constants come from a tensor of the checkpoint.
  private var constantCounts: [WeightEntry.Place: Int] = [:]
  /// Elements of all constants from the checkpoint.
  private var elementCount = 0
  /// The head being built, for node names and errors.
  private var part = "encoder"

  /// The network's input.
  private(set) var image: ValueID?

  /// A tensor of the checkpoint under any of its keys, in one shape of the graph.
  private struct Alias: Hashable {
    let place: WeightEntry.Place
    let shape: [Int]?
  }

  init(_ weights: WeightStore) {
    binder = WeightBinder(weights)
  }

  mutating func addInput(_ input: InputDescription) -> ValueID {
    let value = graph.addInput(input.name)
    shapes[value] = input.shape(batch: 1)
    image = value
    return value
  }

  /// The checkpoint that is built from.
  var checkpoint: WeightStore { binder.store }

  /// The keys of the constants that a graph grown from this one uses.
  func keys(of graph: Graph) -> Set<String> { Set(graph.constants.keys.flatMap { keys[$0] ?? [] }) }

  /// The steps of a graph's constants that are whole numbers.
  func steps(of graph: Graph) -> ValueMap<Tensor> { steps.filter { graph.constants[$0.key] != nil } }

  /// Keys of tensors that are weights of convolutions, row by row, and nothing else.
  func convolutionKeys(of graph: Graph) -> Set<String> {
    let weights = graph.valuesOnlyReadAsWeights()
    let own = weights.compactMap { value -> String? in
      guard let key = graph.constantNames[value], let entry = checkpoint[key], constantCounts[entry.place] == 1,
        let rows = graph.constants[value]?.shape.dimensions.first
      else { return nil }
      return entry.shape.dimensions.first == rows ? key : nil
    }
    return Set(own)
  }

  /// The keys of a module, or one key, are as expected, but not needed; `inspect` says why.
  mutating func skip(_ prefix: String, because reason: String) { binder.skip(prefix, because: reason) }

  mutating func addOutput(_ name: String, _ value: ValueID) { graph.addOutput(name, value) }

  /// Names the nodes to come.
  mutating func enter(_ part: String) { self.part = part }

  func shape(of value: ValueID) -> Shape { shapes[value] ?? [] }

  /// Channels of an image or features of a row.
  func channels(of value: ValueID) -> Int {
    let shape = shape(of: value)
    return shape.rank > 1 ? shape[1] : 0
  }

  /// The value must be an image (N x C x H x W) or a row (N x features).
  func require(_ value: ValueID, rank: Int, for block: String) throws(MTLError) {
    guard shape(of: value).rank == rank else {
      let expected =
        rank == 4 ? "an image (N x C x H x W)" : "a row of features (N x features); is a 'flatten' missing?"
      throw MTLError(.shapeMismatch, "\(part): block '\(block)'", expected: expected, found: "\(shape(of: value))")
    }
  }

  /// Adds a node; its name is the key of its weights, or its operator in its part of the network.
  mutating func add(_ operation: any Operator, key: String? = nil, _ inputs: [ValueID]) throws(MTLError) -> ValueID {
    try addAll(operation, key: key, inputs)[0]
  }

  /// Adds a node of several outputs.
  mutating func addAll(
    _ operation: any Operator, key: String? = nil, _ inputs: [ValueID]
  ) throws(MTLError) -> [ValueID] {
    let name = key ?? "\(part).\(operation.name)"
    graph.add(operation, name: name, inputs)
    let node = graph.nodes[graph.nodes.count - 1]
    for (value, shape) in zip(node.outputs, try node.outputShapes(inputs.map(shape(of:)))) { shapes[value] = shape }
    return node.outputs
  }

  /// A weight as a constant of the graph. Sizes that the pattern leaves open are read off the checkpoint, or are 1. The
  /// same key gives the same constant, and so does another key of the same tensor: weights used twice are seen to be one,
  /// and are made ready for the kernels once.
  ///
  /// - Parameter shape: the constant's own shape, of as many elements, where the operator wants another one: nil keeps
  ///   the checkpoint's. A dimension of -1 takes what is left.
  mutating func weight(_ key: String, _ pattern: [Int?], as shape: [Int]? = nil) throws(MTLError) -> ValueID {
    let identity = shape.map { "\(key) \($0)" } ?? key
    if let known = weights[identity] { return known }
    let found = binder.take(key, pattern)
    let alias = found.map { Alias(place: $0.place, shape: shape) }
    if let known = alias.flatMap({ aliases[$0] }) {
      weights[identity] = known
      keys[known]?.append(key)
      return known
    }
    let own = found?.shape ?? Shape(pattern.enumerated().map { $1 ?? checkpoint.dimension($0, of: key) ?? 1 })
    let target = try shape.map { dimensions throws(MTLError) in try Reshape(dimensions).outputShapes([own])[0] } ?? own
    // Of a weight that does not fit only the shape is used: the error comes when all of them are known.
    let tensor = try found.map { entry throws(MTLError) in
      try count(target, of: key)
      let whole = target.dimensions.first == own.dimensions.first ? try entry.wholeNumbers(key) : nil
      let tensor = if let whole { whole.numbers } else { try entry.float32(key) }
      return (try tensor.reshaped(to: target), whole?.steps)
    }
    if let found { constantCounts[found.place, default: 0] += 1 }
    let value = graph.addConstant(tensor?.0 ?? Tensor([0], shape: [1]), name: key)
    steps[value] = tensor?.1
    shapes[value] = target
    keys[value] = [key]
    weights[identity] = value
    if let alias { aliases[alias] = value }
    return value
  }

  /// A constant that is computed from a weight: a table of biases spread out, a matrix transposed.
  mutating func weight(
    _ key: String, _ pattern: [Int?], as shape: Shape, _ compute: ([Float]) -> [Float]
  ) throws(MTLError) -> ValueID {
    let identity = "\(key) computed \(shape)"
    if let known = weights[identity] { return known }
    let found = binder.take(key, pattern)
    let computed = try found.map { entry throws(MTLError) in
      try count(shape, of: key)
      return Tensor(compute(try entry.float32(key).floats()), shape: shape)
    }
    if let found { constantCounts[found.place, default: 0] += 1 }
    let value = graph.addConstant(computed ?? Tensor([0], shape: [1]))
    shapes[value] = shape
    keys[value] = [key]
    weights[identity] = value
    return value
  }

  /// Views that overlap without being one tensor would let a small file ask for any amount of memory.
  private mutating func count(_ shape: Shape, of key: String) throws(MTLError) {
    elementCount = elementCount.saturatingSum(shape.elementCount)
    let limit = checkpoint.byteCount.saturatingSum(WeightStore.maximumRepeatedElements)
    guard elementCount <= limit else {
      throw MTLError(
        .limit, key, expected: "at most \(limit) elements in all from a checkpoint of \(checkpoint.byteCount) bytes",
        found: "more, because its tensors share memory")
    }
  }

  /// Numbers that the network's code fixes, or that were computed from a weight.
  mutating func constant(_ values: [Float], _ shape: Shape) -> ValueID {
    let value = graph.addConstant(Tensor(values, shape: shape))
    shapes[value] = shape
    return value
  }

  /// Batch normalisation under `key`.
  mutating func normalize(_ value: ValueID, key: String, epsilon: Float) throws(MTLError) -> ValueID {
    let channels = channels(of: value)
    var inputs = [value]
    for name in ["weight", "bias", "running_mean", "running_var"] {
      inputs.append(try weight("\(key).\(name)", [channels]))
    }
    return try add(BatchNormalization(epsilon: epsilon), key: key, inputs)
  }
}
