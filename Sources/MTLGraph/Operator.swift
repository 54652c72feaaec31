/// One operation of a graph: its attributes, its shape rule and its reference evaluation.
///
/// An operator is one file in `Operators/`. Shapes and tensors are in PyTorch's and ONNX's order (images NCHW, weights
/// OIHW). Errors need not name the node: `Graph` adds its name.
public protocol Operator: Sendable {
  /// The operator's standard name, as in ONNX.
  static var name: String { get }

  /// Shapes of the outputs for inputs of these shapes; throws when they do not fit.
  func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape]

  /// Computes the outputs in float32 the plain way: the definition that every kernel is tested against, and what runs
  /// where no kernel exists. The inputs have passed `outputShapes`.
  func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor]

  /// Multiplications that are added to a sum, as papers count them. Elementwise work counts as zero.
  /// Stays at the largest number where the product is more than 64 bits hold.
  func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int

  /// Whether a constant at this position of the inputs is a trained parameter, and no statistic.
  func isParameter(input: Int) -> Bool

  /// Values that a node of this operator makes.
  var outputCount: Int { get }

  /// Whether only the shape of the input at this position matters, as where another value gives the size of a resize.
  /// Nothing is computed for it and nothing kept.
  func readsShapeOnly(input: Int) -> Bool
}

extension Operator {
  public var name: String { Self.name }
  public func isParameter(input: Int) -> Bool { true }
  public var outputCount: Int { 1 }
  public func readsShapeOnly(input: Int) -> Bool { false }
  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int { 0 }
}

/// An operator that maps each element on its own.
public protocol ElementwiseOperator: Operator {
  func apply(_ value: Float) -> Float
}

extension ElementwiseOperator {
  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    return [inputs[0]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let values = try inputs[0].floats()
    return [Tensor(values.map(apply), shape: inputs[0].shape)]
  }
}

extension Operator {
  /// Checks the number of inputs.
  func requireInputs(_ inputs: [Shape], _ allowed: ClosedRange<Int>) throws(MTLError) {
    guard allowed.contains(inputs.count) else {
      throw MTLError(
        .shapeMismatch, name, expected: "\(allowed.lowerBound) to \(allowed.upperBound) inputs",
        found: "\(inputs.count)")
    }
  }

  /// Checks the rank of one input.
  func requireRank(_ shape: Shape, _ rank: Int, _ what: String = "input") throws(MTLError) {
    guard shape.rank == rank else {
      throw MTLError(.shapeMismatch, what, expected: "\(rank) dimensions", found: "\(shape)")
    }
  }
}
