/// The tensor at a place of a sequence; negative places count from the end.
public struct SequenceAt: ValueOperator, StandardOperator {
  public static let name = "SequenceAt"
  public static let imports = [OperatorImport(name) { _ in SequenceAt() }]
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let sequence = try inputs.requiredSequence(0)
    if let elements = sequence.elements, let index = try inputs.place(1) {
      _ = try TensorSequence.place(index, size: elements.count)
    }
    return [Fact(sequence.type, nil)]
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    let elements = try inputs.sequence(0).elements
    let index = try inputs.tensor(1).place()
    return [.tensor(elements[try TensorSequence.place(index, size: elements.count)])]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let elements = inputs.optional(0)?.fact.elements, let index = try inputs.map({ $0?.fact }).place(1) else {
      return nil
    }
    return [elements[try TensorSequence.place(index, size: elements.count)]]
  }
}

extension Tensor {
  /// The one number that this must be.
  func place() throws(MTLError) -> Int {
    guard type == .int32 || type == .int64, shape.elementCount == 1 else {
      throw MTLError(.shapeMismatch, "index", expected: "one int32 or int64", found: "\(type) \(shape)")
    }
    return integers()[0]
  }
}

extension Array where Element == Fact? {
  /// What is known of an input that must be a sequence.
  func requiredSequence(_ position: Int) throws(MTLError) -> Fact {
    let fact = try required(position)
    guard fact.form == .sequence, fact.presence != .missing else {
      throw MTLError(.dataTypeMismatch, "input \(position)", expected: "a sequence", found: fact.described)
    }
    return fact
  }

  /// What is known of an input that must be a tensor.
  func requiredTensor(_ position: Int) throws(MTLError) -> Fact {
    let fact = try required(position)
    guard fact.form == .tensor, fact.presence != .missing else {
      throw MTLError(.dataTypeMismatch, "input \(position)", expected: "a tensor", found: fact.described)
    }
    return fact
  }

  /// An index that is known before the graph runs.
  func place(_ position: Int) throws(MTLError) -> Int? {
    try requiredTensor(position).value.map { value throws(MTLError) in try value.place() }
  }
}
