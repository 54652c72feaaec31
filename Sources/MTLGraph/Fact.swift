/// What is known of a value before the graph runs.
public struct Fact: Sendable {
  /// Whether an optional value is there.
  public enum Presence: Sendable { case certain, open, missing }

  /// Of the tensor, or of each tensor of a sequence.
  public var type: DataType
  public var form = ValueForm.tensor
  public var presence = Presence.certain
  /// nil where the shape depends on data, and of sequences.
  public var shape: Shape?
  /// The elements, where they follow from constants and shapes.
  public var value: Tensor?
  /// The tensors of a sequence, where the graph that is being specialised has a value for each.
  public var elements: [ValueID]?

  public init(_ type: DataType, _ shape: Shape?) {
    self.type = type
    self.shape = shape
  }

  /// A value of which no shape is known.
  public init(_ form: ValueForm, of type: DataType, _ presence: Presence = .certain) {
    self.type = type
    self.form = form
    self.presence = presence
  }

  /// What is known of a value before it is looked into.
  public init(of value: GraphValue) {
    switch value {
    case .tensor(let tensor): self.init(tensor.type, tensor.shape)
    case .sequence(let sequence): self.init(.sequence, of: sequence.type)
    case .nothing(let type): self.init(type.form, of: type.element, .missing)
    }
  }

  public init(_ value: Tensor) {
    type = value.type
    shape = value.shape
    self.value = value
  }

  /// What holds for every value of this type and shape.
  var withoutValue: Fact {
    var fact = self
    (fact.value, fact.elements) = (nil, nil)
    return fact
  }

  /// What holds in every turn of a loop that begins with this value: the type, and whether it is sure to be there.
  var carried: Fact { Fact(form, of: type, presence == .certain ? .certain : .open) }

  /// For errors.
  var described: String {
    if presence == .missing { return "an optional value that is not there" }
    return form == .sequence ? "a sequence" : "a tensor"
  }
}

extension Operator {
  /// Fails where an input is none that the operator takes: operators of tensors see no sequences, and those of numbers
  /// no texts.
  func requireForms(_ inputs: [Fact?]) throws(MTLError) {
    for position in inputs.indices where inputs[position] != nil {
      let isTensor = inputs[position]?.form == .tensor && inputs[position]?.presence != .missing
      guard isTensor || kinds.contains(.values) else {
        throw MTLError(
          .dataTypeMismatch, "input \(position)", expected: "a tensor", found: inputs[position]?.described ?? "none")
      }
      guard inputs[position]?.type != .string || takesText else {
        throw MTLError(.dataTypeMismatch, "input \(position)", expected: "numbers", found: "texts")
      }
    }
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
  public var kinds: OperatorKinds { .general }

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
