/// An optional value: of the input, or one that is not there.
public struct OptionalValue: ValueOperator, StandardOperator {
  public static let name = "Optional"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let type = try attributes.valueType("type")
      guard attributes.inputCount > 0 || type != nil else { throw attributes.missing("type") }
      return OptionalValue(type)
    }
  ]
  /// What a value that is not there would be.
  private let type: ValueType?

  public init(_ type: ValueType?) {
    self.type = type
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    if let input = inputs.optional(0) { return [input] }
    return [Fact(type?.form ?? .tensor, of: type?.element ?? .float32, .missing)]
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    [inputs.optional(0) ?? .nothing(type ?? ValueType(.tensor, .float32, isOptional: true))]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    inputs.optional(0).map { [$0.id] }
  }
}
