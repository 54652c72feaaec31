import MTLFormats
import MTLGraph

/// Grows a graph block by block while it takes the weights, and knows the shape of every value on the way.
///
/// When a weight does not fit, building goes on with its expected shape, so that all mismatches are found; the graph is
/// then thrown away.
public struct NetworkBuilder {
  private(set) var graph = Graph()
  var binder: WeightBinder
  private var shapes: [ValueID: Shape] = [:]
  /// The head being built, for node names and errors.
  private var part = "encoder"

  init(_ weights: WeightStore) {
    binder = WeightBinder(weights)
  }

  mutating func addInput(_ input: InputDescription) -> ValueID {
    let value = graph.addInput(input.name)
    shapes[value] = input.shape(batch: 1)
    return value
  }

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
    let name = key ?? "\(part).\(operation.name)"
    let value = graph.add(operation, name: name, inputs)
    let node = Node(name: name, operation: operation, inputs: inputs, outputs: [value])
    shapes[value] = try node.outputShapes(inputs.map(shape(of:)))[0]
    return value
  }

  /// A weight as a constant of the graph. Sizes that the pattern leaves open are read off the checkpoint, or are 1.
  mutating func weight(_ key: String, _ pattern: [Int?]) throws(MTLError) -> ValueID {
    if let tensor = try binder.take(key, pattern) {
      let value = graph.addConstant(tensor)
      shapes[value] = tensor.shape
      return value
    }
    let value = graph.addConstant(Tensor([0], shape: [1]))
    shapes[value] = Shape(pattern.enumerated().map { $1 ?? binder.dimension($0, of: key) ?? 1 })
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
