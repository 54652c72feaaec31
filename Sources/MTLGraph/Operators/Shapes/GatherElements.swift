/// Each element from the place along an axis that the element of the second input at the same place says.
public struct GatherElements: MovingOperator, StandardOperator {
  public static let name = "GatherElements"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GatherElements(axis: try attributes.integer("axis", default: 0))
    }
  ]
  private let axis: Int

  public init(axis: Int) {
    self.axis = axis
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    _ = try inputs.required(1)
    return try inferring(inputs) { shapes throws(MTLError) in
      let axis = try shapes[0].axis(axis)
      guard shapes[1].rank == shapes[0].rank,
        shapes[0].dimensions.indices.allSatisfy({ $0 == axis || shapes[1][$0] <= shapes[0][$0] })
      else {
        throw MTLError(.shapeMismatch, "indices", expected: "at most \(shapes[0])", found: "\(shapes[1])")
      }
      return [shapes[1]]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, indices) = (try inputs.required(0), try inputs.required(1))
    let axis = try input.shape.axis(axis)
    let places = try indices.places(within: input.shape[axis])
    var strides = input.shape.rowMajorStrides
    let step = strides[axis]
    strides[axis] = 0
    let others = BroadcastPlaces(dimensions: indices.shape.dimensions, strides: strides)
    return [try input.moved(to: indices.shape) { others.offset($0) + places[$0] * step }]
  }
}
