/// Repeats a tensor along axes of 1 until it has the shape that the second input lists, as NumPy broadcasts.
public struct GeneralExpand: MovingOperator, StandardOperator {
  public static let name = "Expand"
  public static let imports = [OperatorImport(name) { _ in GeneralExpand() }]
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape, let sizes = try inputs.required(1).value?.integers() else {
      return [Fact(input.type, nil)]
    }
    return [Fact(input.type, try Shape.broadcast([shape, try Shape(checking: sizes, of: "shape")]))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    [try inputs.required(0).broadcast(to: try outputShape(inputs))]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), let shape = input.fact.shape,
      try infer(inputs.map { $0?.fact })[0].shape == shape
    else { return nil }
    return [input.id]
  }
}
