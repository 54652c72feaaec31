/// Joins the tensors of a sequence along an axis that they have, or along a new one.
public struct ConcatFromSequence: ValueOperator, StandardOperator {
  public static let name = "ConcatFromSequence"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      guard let axis = try attributes.integer("axis") else { throw attributes.missing("axis") }
      return ConcatFromSequence(axis: axis, isNew: try attributes.flag("new_axis"))
    }
  ]
  private let axis: Int
  private let isNew: Bool

  public init(axis: Int, isNew: Bool = false) {
    self.axis = axis
    self.isNew = isNew
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    [Fact(try inputs.requiredSequence(0).type, nil)]
  }

  /// The shape of a tensor with the new axis, where there is one.
  private func widened(_ shape: Shape) throws(MTLError) -> Shape {
    guard isNew else { return shape }
    let result = try Shape(checking: shape.dimensions + [1], of: "output")
    let axis = try result.axis(axis)
    var dimensions = shape.dimensions
    dimensions.insert(1, at: axis)
    return Shape(dimensions)
  }

  private func requireSome(_ count: Int) throws(MTLError) {
    guard count > 0 else { throw MTLError(.shapeMismatch, "sequence", expected: "at least one tensor", found: "none") }
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    let elements = try inputs.sequence(0).elements
    try requireSome(elements.count)
    let parts = try elements.map { element throws(MTLError) in
      try element.reshaped(to: try widened(element.shape))
    }
    let join = Concat(axis: try parts[0].shape.axis(axis))
    _ = try Shape(checking: try join.outputShapes(parts.map(\.shape))[0].dimensions, of: "output")
    return [.tensor(try join.evaluate(parts)[0])]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let elements = inputs.optional(0)?.fact.elements, specializer.spend(elements.count) else { return nil }
    try requireSome(elements.count)
    var parts: [ValueID] = []
    var axis = axis
    for element in elements {
      guard let known = specializer.known(element), let shape = known.fact.shape else { return nil }
      let target = try widened(shape)
      guard let part = try specializer.reshaped(known, to: target) else { return nil }
      axis = try target.axis(self.axis)
      parts += part
    }
    return try specializer.add(Concat(axis: axis), parts)
  }
}
