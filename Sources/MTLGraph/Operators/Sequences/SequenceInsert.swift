/// A sequence with a tensor more: before the one at a place, or behind the last one where no place is given.
public struct SequenceInsert: ValueOperator, StandardOperator {
  public static let name = "SequenceInsert"
  public static let imports = [OperatorImport(name) { _ in SequenceInsert() }]
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (sequence, tensor) = (try inputs.requiredSequence(0), try inputs.requiredTensor(1))
    guard tensor.type == sequence.type else {
      throw MTLError(.dataTypeMismatch, "tensor", expected: "\(sequence.type)", found: "\(tensor.type)")
    }
    if let elements = sequence.elements, inputs.optional(2) != nil {
      _ = try SequenceInsert.place(try inputs.place(2), count: elements.count)
    }
    return [Fact(.sequence, of: sequence.type)]
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    let sequence = try inputs.sequence(0)
    let index = try inputs.optionalTensor(2).map { tensor throws(MTLError) in try tensor.place() }
    var elements = sequence.elements
    elements.insert(try inputs.tensor(1), at: try SequenceInsert.place(index, count: elements.count))
    return [.sequence(try TensorSequence(elements, type: sequence.type))]
  }

  /// The place that an index means among the tensors of a sequence; counted from the end, -1 is before the last one.
  private static func place(_ index: Int?, count: Int) throws(MTLError) -> Int {
    guard let index else { return count }
    guard (-count...count).contains(index) else {
      throw MTLError(.shapeMismatch, "position", expected: "\(-count) to \(count)", found: "\(index)")
    }
    return index < 0 ? index + count : index
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let sequence = inputs.optional(0)?.fact, var elements = sequence.elements, let tensor = inputs.optional(1)
    else { return nil }
    let index = inputs.optional(2) == nil ? nil : try inputs.map { $0?.fact }.place(2)
    guard inputs.optional(2) == nil || index != nil else { return nil }
    elements.insert(tensor.id, at: try SequenceInsert.place(index, count: elements.count))
    return specializer.addSequence(elements, of: sequence.type).map { [$0] }
  }
}
