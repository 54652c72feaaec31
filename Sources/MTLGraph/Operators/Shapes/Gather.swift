/// The parts of a tensor at some places of an axis, in the shape of the places.
public struct Gather: MovingOperator, StandardOperator {
  public static let name = "Gather"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in Gather(axis: try attributes.integer("axis", default: 0)) }
  ]
  private let axis: Int

  public init(axis: Int) {
    self.axis = axis
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    _ = try inputs.required(1)
    return try inferring(inputs) { shapes throws(MTLError) in
      let axis = try shapes[0].axis(axis)
      let dimensions = shapes[0].dimensions
      return [
        try Shape(checking: dimensions[..<axis] + shapes[1].dimensions + dimensions[(axis + 1)...], of: "output")
      ]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, indices) = (try inputs.required(0), try inputs.required(1))
    let axis = try input.shape.axis(axis)
    let places = try indices.places(within: input.shape[axis])
    let inner = input.shape.around(axis).inner
    return [
      try input.moved(to: try outputShape(inputs)) { index in
        let (row, column) = index.quotientAndRemainder(dividingBy: inner)
        let (outer, place) = row.quotientAndRemainder(dividingBy: places.count)
        return (outer * input.shape[axis] + places[place]) * inner + column
      }
    ]
  }

  /// One place is a `Slice`, which needs no copy.
  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), let shape = input.fact.shape, let indices = inputs.optional(1)?.fact.value,
      indices.shape.elementCount == 1, let place = try indices.places(within: shape[try shape.axis(axis)]).first
    else { return nil }
    let slice = Slice(axis: try shape.axis(axis), start: place, end: place + 1)
    let part = try specializer.add(slice, [input.id])[0]
    let result = try infer(inputs.map { $0?.fact })[0].shape
    return try specializer.reshaped(specializer.known(part), to: result)
  }
}

extension Specializer {
  /// A value of the graph with what is known of it.
  func known(_ value: ValueID) -> KnownValue? { fact(value).map { KnownValue(id: value, fact: $0) } }
}

extension Tensor {
  /// Indices into an axis of this size; negative ones count from its end.
  func places(within size: Int) throws(MTLError) -> [Int] {
    try integers().map { index throws(MTLError) in
      guard (-size..<size).contains(index) else {
        throw MTLError(.shapeMismatch, "indices", expected: "-\(size) to \(size - 1)", found: "\(index)")
      }
      return index < 0 ? index + size : index
    }
  }
}
