/// Leaves out axes of size 1: those that are listed, or all.
public struct Squeeze: GeneralOperator, StandardOperator {
  public static let name = "Squeeze"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      Squeeze(NumberList(attribute: try attributes.integers("axes"), orInput: 1))
    }
  ]
  private let axes: NumberList

  init(_ axes: NumberList) {
    self.axes = axes
  }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape else { return [Fact(input.type, nil)] }
    switch axes.look(inputs) {
    case .known(let axes): return [Fact(input.type, try result(shape, axes))]
    case .unknown: return [Fact(input.type, nil)]
    case .absent: return [Fact(input.type, Shape(shape.dimensions.filter { $0 != 1 }))]
    }
  }

  private func result(_ shape: Shape, _ axes: [Int]) throws(MTLError) -> Shape {
    let axes = try shape.axes(axes)
    for axis in axes where shape[axis] != 1 {
      throw MTLError(.shapeMismatch, "axis \(axis)", expected: "size 1", found: "\(shape)")
    }
    return Shape(shape.dimensions.indices.filter { !axes.contains($0) }.map { shape[$0] })
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    [try inputs.required(0).reshaped(to: try outputShape(inputs))]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    try specializer.reshaped(inputs.optional(0), to: infer(inputs.map { $0?.fact })[0].shape)
  }
}
