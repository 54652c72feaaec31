/// What an optional value holds; an error where it is not there.
public struct OptionalGetElement: ValueOperator, StandardOperator {
  public static let name = "OptionalGetElement"
  public static let imports = [OperatorImport(name) { _ in OptionalGetElement() }]
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  private var missing: MTLError {
    MTLError(.invalidArgument, "input 0", expected: "an optional value that is there", found: "one that is not")
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    var fact = try inputs.required(0)
    guard fact.presence != .missing else { throw missing }
    fact.presence = .certain
    return [fact]
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    let value = try inputs.required(0)
    if case .nothing = value { throw missing }
    return [value]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), input.fact.presence == .certain else { return nil }
    return [input.id]
  }
}
