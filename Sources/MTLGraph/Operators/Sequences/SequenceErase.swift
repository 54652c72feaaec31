/// A sequence without the tensor at a place, or without the last one where no place is given.
public struct SequenceErase: ValueOperator, StandardOperator {
  public static let name = "SequenceErase"
  public static let imports = [OperatorImport(name) { _ in SequenceErase() }]
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let sequence = try inputs.requiredSequence(0)
    if let elements = sequence.elements {
      let index = inputs.optional(1) == nil ? -1 : try inputs.place(1)
      if let index { _ = try TensorSequence.place(index, size: elements.count) }
    }
    return [Fact(.sequence, of: sequence.type)]
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    let sequence = try inputs.sequence(0)
    let index = try inputs.optionalTensor(1).map { tensor throws(MTLError) in try tensor.place() } ?? -1
    var elements = sequence.elements
    elements.remove(at: try TensorSequence.place(index, size: elements.count))
    return [.sequence(try TensorSequence(elements, type: sequence.type))]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let sequence = inputs.optional(0)?.fact, var elements = sequence.elements,
      let index = inputs.optional(1) == nil ? -1 : try inputs.map({ $0?.fact }).place(1)
    else { return nil }
    elements.remove(at: try TensorSequence.place(index, size: elements.count))
    return specializer.addSequence(elements, of: sequence.type).map { [$0] }
  }
}
