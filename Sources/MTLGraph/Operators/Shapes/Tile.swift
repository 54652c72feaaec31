/// Repeats a tensor along each axis as often as the second input says.
public struct Tile: MovingOperator, StandardOperator {
  public static let name = "Tile"
  public static let imports = [OperatorImport(name) { _ in Tile() }]
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape, let repeats = try inputs.required(1).value?.integers() else {
      return [Fact(input.type, nil)]
    }
    guard repeats.count == shape.rank, repeats.allSatisfy({ $0 >= 0 }) else {
      throw MTLError(.shapeMismatch, "repeats", expected: "a number for each axis of \(shape)", found: "\(repeats)")
    }
    let sizes = zip(shape.dimensions, repeats).map { $0.saturatingProduct($1) }
    return [Fact(input.type, try Shape(checking: sizes, of: "output"))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let (source, strides) = (input.shape, input.shape.rowMajorStrides)
    return [
      try input.moved(to: shape) { index in
        var (rest, place) = (index, 0)
        for axis in shape.dimensions.indices.reversed() {
          place += rest % shape[axis] % source[axis] * strides[axis]
          rest /= shape[axis]
        }
        return place
      }
    ]
  }
}
