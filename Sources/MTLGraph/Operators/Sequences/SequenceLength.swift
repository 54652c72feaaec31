/// How many tensors a sequence has.
public struct SequenceLength: ValueOperator, StandardOperator {
  public static let name = "SequenceLength"
  public static let imports = [OperatorImport(name) { _ in SequenceLength() }]
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let elements = try inputs.requiredSequence(0).elements
    return [elements.map { Fact(Tensor([$0.count], as: .int64, shape: [])) } ?? Fact(.int64, [])]
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    [.tensor(Tensor([try inputs.sequence(0).elements.count], as: .int64, shape: []))]
  }
}
