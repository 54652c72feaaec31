/// What is known of a value before the graph runs.
public struct Fact: Sendable {
  public var type: DataType
  /// nil where the shape depends on data.
  public var shape: Shape?
  /// The elements, where they follow from constants and shapes.
  public var value: Tensor?

  public init(_ type: DataType, _ shape: Shape?) {
    self.type = type
    self.shape = shape
  }

  public init(_ value: Tensor) {
    type = value.type
    shape = value.shape
    self.value = value
  }
}

/// An input of a node that is being specialised.
public struct KnownValue: Sendable {
  public let id: ValueID
  public let fact: Fact
}

/// An operator over any types, with inputs that may be absent or whose values decide the shape of the output: the general
/// form, as the standard defines it. What kernels know is its special form (`specialized`).
public protocol GeneralOperator: Operator {}

extension GeneralOperator {
  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try infer(inputs.map { Fact(.float32, $0) }).map { fact throws(MTLError) in
      guard let shape = fact.shape else {
        throw MTLError(.unsupported, name, "the shape of its output depends on data")
      }
      return shape
    }
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  /// Facts of inputs that are all there and of known shape; else every output of the type of the first.
  func inferring(
    _ inputs: [Fact?], type: DataType? = nil, _ shapes: ([Shape]) throws(MTLError) -> [Shape]
  ) throws(MTLError) -> [Fact] {
    let first = try inputs.required(0)
    let facts = inputs.compactMap { $0 }
    let type = type ?? first.type
    let known = facts.compactMap(\.shape)
    guard known.count == facts.count else { return [Fact](repeating: Fact(type, nil), count: outputCount) }
    return try shapes(known).map { Fact(type, $0) }
  }
}

extension Array where Element == Fact? {
  /// The fact of an input that must be there.
  func required(_ position: Int, _ what: String = "input") throws(MTLError) -> Fact {
    guard position < count, let fact = self[position] else {
      throw MTLError(.badFormat, what, expected: "an input at position \(position)", found: "none")
    }
    return fact
  }

  func optional(_ position: Int) -> Fact? { position < count ? self[position] : nil }
}

extension Array where Element == Tensor? {
  /// An input that must be there.
  func required(_ position: Int, _ what: String = "input") throws(MTLError) -> Tensor {
    guard position < count, let tensor = self[position] else {
      throw MTLError(.badFormat, what, expected: "an input at position \(position)", found: "none")
    }
    return tensor
  }

  func optional(_ position: Int) -> Tensor? { position < count ? self[position] : nil }
}

extension Array where Element == KnownValue? {
  func optional(_ position: Int) -> KnownValue? { position < count ? self[position] : nil }
}
