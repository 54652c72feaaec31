/// Ones, or another value, at the places that indices say along a new axis.
public struct OneHot: GeneralOperator, StandardOperator {
  public static let name = "OneHot"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in OneHot(axis: try attributes.integer("axis", default: -1)) }
  ]
  private let axis: Int

  init(axis: Int) {
    self.axis = axis
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (indices, depth, values) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    guard let shape = indices.shape, let depths = depth.value?.doubles() else { return [Fact(values.type, nil)] }
    guard depths.count == 1, depths[0] >= 0 else {
      throw MTLError(.shapeMismatch, "depth", expected: "one number", found: "\(depths)")
    }
    var dimensions = shape.dimensions
    let axis = axis < 0 ? axis + shape.rank + 1 : axis
    guard (0...shape.rank).contains(axis) else {
      throw MTLError(.shapeMismatch, "axis", expected: "-\(shape.rank + 1) to \(shape.rank)", found: "\(axis)")
    }
    dimensions.insert(Int(saturating: depths[0]), at: axis)
    return [Fact(values.type, try Shape(checking: dimensions, of: "output"))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (indices, values, shape) = (try inputs.required(0), try inputs.required(2), try outputShape(inputs))
    guard values.shape.elementCount == 2 else {
      throw MTLError(.shapeMismatch, "values", expected: "off and on", found: "\(values.shape)")
    }
    let axis = axis < 0 ? axis + shape.rank : axis
    let (inner, depth) = (shape.around(axis).inner, shape[axis])
    let places = indices.integers()
    return [
      try values.moved(to: shape) { index in
        let (row, column) = index.quotientAndRemainder(dividingBy: inner)
        let (outer, place) = row.quotientAndRemainder(dividingBy: depth)
        let wanted = places[outer * inner + column]
        return (wanted < 0 ? wanted &+ depth : wanted) == place ? 1 : 0
      }
    ]
  }
}
