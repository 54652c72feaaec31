/// Joins the dimensions before an axis and those from it on. Special form: `Reshape`, or `Flatten` for axis 1.
public struct GeneralFlatten: GeneralOperator, StandardOperator {
  public static let name = "Flatten"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GeneralFlatten(axis: try attributes.integer("axis", default: 1))
    }
  ]
  private let axis: Int

  public init(axis: Int) {
    self.axis = axis
  }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    return [Fact(input.type, try input.shape.map { shape throws(MTLError) in try result(shape) })]
  }

  private func result(_ shape: Shape) throws(MTLError) -> Shape {
    try Flatten(axis: axis < 0 ? axis.saturatingSum(shape.rank) : axis).outputShapes([shape])[0]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    [try inputs.required(0).reshaped(to: try outputShape(inputs))]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), let shape = input.fact.shape else { return nil }
    if axis == 1 || (axis < 0 && axis == 1 - shape.rank) { return try specializer.add(Flatten(), [input.id]) }
    return try specializer.reshaped(input, to: result(shape))
  }
}
