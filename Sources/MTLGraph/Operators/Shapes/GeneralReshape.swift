/// The same elements under a shape that the second input, or in the first operator set an attribute, lists. Special form:
/// `Reshape`.
public struct GeneralReshape: GeneralOperator, StandardOperator {
  public static let name = "Reshape"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GeneralReshape(
        NumberList(attribute: try attributes.integers("shape"), orInput: 1),
        allowsZero: try attributes.flag("allowzero"))
    }
  ]
  private let sizes: NumberList
  /// Whether 0 is a size; else it takes the input's size.
  private let allowsZero: Bool

  init(_ sizes: NumberList, allowsZero: Bool) {
    self.sizes = sizes
    self.allowsZero = allowsZero
  }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    switch sizes.look(inputs) {
    case .known(let sizes):
      if let shape = input.shape { return [Fact(input.type, try resolve(sizes, shape))] }
      return [Fact(input.type, nil)]
    case .unknown: return [Fact(input.type, nil)]
    case .absent: throw MTLError(.badFormat, "shape", "is missing")
    }
  }

  private func resolve(_ sizes: [Int], _ shape: Shape) throws(MTLError) -> Shape {
    guard allowsZero, sizes.contains(0) else { return try Reshape(sizes).outputShapes([shape])[0] }
    let result = try Shape(checking: sizes, of: "shape")
    guard result.elementCount == shape.elementCount else {
      throw MTLError(.shapeMismatch, "shape", expected: "\(shape.elementCount) elements", found: "\(result)")
    }
    return result
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

extension Specializer {
  /// A value under another shape: itself where it has that, or a `Reshape`. nil where either shape is not known.
  mutating func reshaped(_ input: KnownValue?, to shape: Shape?) throws(MTLError) -> [ValueID]? {
    guard let input, let own = input.fact.shape, let shape else { return nil }
    if own == shape { return [input.id] }
    // A size of 0 would take the input's.
    return shape.dimensions.contains(0) ? nil : try add(Reshape(shape.dimensions), [input.id])
  }
}
