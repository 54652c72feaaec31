/// Puts axes of size 1 where the list says, counted in the output.
public struct Unsqueeze: GeneralOperator, StandardOperator {
  public static let name = "Unsqueeze"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      Unsqueeze(NumberList(attribute: try attributes.integers("axes"), orInput: 1))
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
    case .absent: throw MTLError(.badFormat, "axes", "are missing")
    }
  }

  private func result(_ shape: Shape, _ axes: [Int]) throws(MTLError) -> Shape {
    let rank = shape.rank + axes.count
    let places = try Shape([Int](repeating: 1, count: rank)).axes(axes)
    var rest = shape.dimensions[...]
    return try Shape(checking: (0..<rank).map { places.contains($0) ? 1 : rest.popFirst() ?? 1 }, of: "output")
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
