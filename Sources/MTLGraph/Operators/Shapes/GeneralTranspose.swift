/// Reorders the axes; without an order, it turns them around. Special form: `Transpose`.
public struct GeneralTranspose: GeneralOperator, StandardOperator {
  public static let name = "Transpose"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in GeneralTranspose(try attributes.integers("perm")) }
  ]
  private let order: [Int]?

  public init(_ order: [Int]?) {
    self.order = order
  }

  private func special(_ shape: Shape) -> Transpose { Transpose(order ?? Array((0..<shape.rank).reversed())) }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inferring(inputs) { shapes throws(MTLError) in try special(shapes[0]).outputShapes(shapes) }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    return try special(input.shape).evaluate([input])
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), let shape = input.fact.shape else { return nil }
    return try specializer.add(special(shape), [input.id])
  }
}
