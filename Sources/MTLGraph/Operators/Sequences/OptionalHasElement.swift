/// Whether an optional value is there.
public struct OptionalHasElement: ValueOperator, StandardOperator {
  public static let name = "OptionalHasElement"
  public static let imports = [OperatorImport(name) { _ in OptionalHasElement() }]
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  private static func answer(_ isThere: Bool) -> Tensor { Tensor([isThere ? 1 : 0], as: .bool, shape: []) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    switch inputs.optional(0)?.presence ?? .missing {
    case .certain: [Fact(OptionalHasElement.answer(true))]
    case .missing: [Fact(OptionalHasElement.answer(false))]
    case .open: [Fact(.bool, [])]
    }
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    switch inputs.optional(0) {
    case nil, .nothing: [.tensor(OptionalHasElement.answer(false))]
    case .tensor, .sequence: [.tensor(OptionalHasElement.answer(true))]
    }
  }
}
