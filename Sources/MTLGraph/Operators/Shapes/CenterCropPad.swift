/// Cuts or widens axes about their middle, with zeros.
public struct CenterCropPad: MovingOperator, StandardOperator {
  public static let name = "CenterCropPad"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in CenterCropPad(axes: try attributes.integers("axes")) }
  ]
  private let axes: [Int]?
  private let sizes = NumberList(attribute: nil, orInput: 1)

  init(axes: [Int]?) {
    self.axes = axes
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    _ = try inputs.required(1)
    guard let shape = input.shape, case .known(let sizes) = sizes.look(inputs) else { return [Fact(input.type, nil)] }
    let axes = axes ?? Array(0..<shape.rank)
    _ = try shape.axes(axes)
    guard sizes.count == axes.count else {
      throw MTLError(.shapeMismatch, "shape", expected: "\(axes.count) numbers", found: "\(sizes)")
    }
    var dimensions = shape.dimensions
    for (axis, size) in zip(axes, sizes) { dimensions[try shape.axis(axis)] = size }
    return [Fact(input.type, try Shape(checking: dimensions, of: "output"))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let strides = input.shape.rowMajorStrides
    return [
      try input.moved(to: shape) { index in
        var (rest, offset) = (index, 0)
        for axis in shape.dimensions.indices.reversed() {
          let difference = input.shape[axis] - shape[axis]
          // Of an odd difference, the smaller half is before.
          let place = rest % shape[axis] + (difference >= 0 ? difference / 2 : -(-difference / 2))
          rest /= shape[axis]
          guard (0..<input.shape[axis]).contains(place) else { return nil }
          offset += place * strides[axis]
        }
        return offset
      }
    ]
  }
}
