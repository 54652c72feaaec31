/// The protocols that an operator is of, where that matters for whole graphs. Asking each operator is quicker than casting: the
/// first cast of a type to a protocol it is not of looks through all conformances of the program.
public struct OperatorKinds: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let general = OperatorKinds(rawValue: 1)
  public static let values = OperatorKinds(rawValue: 2)
  public static let passThrough = OperatorKinds(rawValue: 4)
  public static let elementwise = OperatorKinds(rawValue: 8)
  public static let binary = OperatorKinds(rawValue: 16)
}

/// One operation of a graph: its attributes, its shape rule and its reference evaluation.
///
/// An operator is one file in `Operators/`. Shapes and tensors are in PyTorch's and ONNX's order (images NCHW, weights
/// OIHW). Errors need not name the node: `Graph` adds its name.
public protocol Operator: Sendable {
  /// The operator's standard name, as in ONNX.
  static var name: String { get }

  /// Follow from the protocols.
  var kinds: OperatorKinds { get }

  /// Shapes of the outputs for inputs of these shapes; throws when they do not fit.
  func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape]

  /// Computes the outputs in float32 the plain way: the definition that every kernel is tested against, and what runs
  /// where no kernel exists. The inputs have passed `outputShapes`.
  func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor]

  /// Types of the outputs; without a rule of its own an operator's outputs have the type of its first input.
  func outputTypes(_ inputs: [DataType?]) throws(MTLError) -> [DataType]

  /// Types, shapes and values of the outputs, as far as they follow from what is known of the inputs. An absent input is
  /// nil. An output whose shape is unknown depends on data. Follows from `outputShapes` and `outputTypes` where an
  /// operator has all its inputs and looks at no values; others are a `GeneralOperator`.
  func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact]

  /// `evaluate` for operators some of whose inputs may be absent.
  func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor]

  /// Says the same with other operators, now that types, shapes and perhaps values are known, so that kernels can take
  /// it: nil where there is nothing better.
  func specialized(_ inputs: [KnownValue?], in specializer: inout Specializer) throws(MTLError) -> [ValueID]?

  /// Multiplications that are added to a sum, as papers count them. Elementwise work counts as zero.
  /// Stays at the largest number where the product is more than 64 bits hold.
  func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int

  /// Whether a constant at this position of the inputs is a trained parameter, and no statistic.
  func isParameter(input: Int) -> Bool

  /// Values that a node of this operator makes.
  var outputCount: Int { get }

  /// Whether `evaluate` takes elements of any type; else other floats are computed through float32.
  var evaluatesAnyType: Bool { get }

  /// Whether inputs may hold texts. Those of all others are refused before they see them.
  var takesText: Bool { get }

  /// Whether the same inputs always give the same outputs.
  var isDeterministic: Bool { get }

  /// Whether only the shape of the input at this position matters, as where another value gives the size of a resize.
  /// Nothing is computed for it and nothing kept.
  func readsShapeOnly(input: Int) -> Bool
}

extension Operator {
  public var name: String { Self.name }
  public var kinds: OperatorKinds { [] }
  public func isParameter(input: Int) -> Bool { true }
  public var outputCount: Int { 1 }
  public var isDeterministic: Bool { true }
  public var evaluatesAnyType: Bool { false }
  public var takesText: Bool { false }
  public func readsShapeOnly(input: Int) -> Bool { false }
  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int { 0 }

  public func outputTypes(_ inputs: [DataType?]) throws(MTLError) -> [DataType] {
    let type = inputs.first.flatMap { $0 } ?? .float32
    return [DataType](repeating: type, count: outputCount)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let facts = inputs.compactMap { $0 }
    guard facts.count == inputs.count else { throw absentInput(inputs.map { $0 != nil }) }
    let types = try outputTypes(facts.map(\.type))
    let shapes = facts.compactMap(\.shape)
    guard shapes.count == facts.count else { return types.map { Fact($0, nil) } }
    return zip(types, try outputShapes(shapes)).map { Fact($0, $1) }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let tensors = inputs.compactMap { $0 }
    guard tensors.count == inputs.count else { throw absentInput(inputs.map { $0 != nil }) }
    guard !evaluatesAnyType, tensors.contains(where: { $0.type.isFloatingPoint && $0.type != .float32 }) else {
      return try evaluate(tensors)
    }
    let types = try outputTypes(tensors.map(\.type))
    let results = try evaluate(tensors.map { $0.type.isFloatingPoint ? $0.converted(to: .float32) : $0 })
    return zip(results, types).map { $0.converted(to: $1) }
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? { nil }

  private func absentInput(_ present: [Bool]) -> MTLError {
    MTLError(
      .badFormat, name, expected: "every input", found: "no input \(present.firstIndex(of: false) ?? 0)")
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
