/// An operator that joins two tensors element by element; shapes broadcast as in NumPy: aligned at the last axis, and an
/// axis of 1 repeats.
public protocol BinaryOperator: Operator {
  func apply(_ left: Float, _ right: Float) -> Float
}

extension BinaryOperator {
  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 2...2)
    guard let shape = Shape.broadcast(inputs[0], inputs[1]) else {
      throw MTLError(
        .shapeMismatch, "inputs", expected: "shapes that are equal or 1 along each axis",
        found: "\(inputs[0]) and \(inputs[1])")
    }
    return [shape]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let shape = try outputShapes(inputs.map(\.shape))[0]
    let left = try inputs[0].floats()
    let right = try inputs[1].floats()
    let (leftPlaces, rightPlaces) = (inputs[0].shape.places(in: shape), inputs[1].shape.places(in: shape))
    let values = (0..<shape.elementCount).map { apply(left[leftPlaces.offset($0)], right[rightPlaces.offset($0)]) }
    return [Tensor(values, shape: shape)]
  }
}

extension Shape {
  /// The shape that both broadcast to, or nil.
  static func broadcast(_ left: Shape, _ right: Shape) -> Shape? {
    let rank = Swift.max(left.rank, right.rank)
    var dimensions: [Int] = []
    for axis in 0..<rank {
      let (a, b) = (left.dimension(axis, ofRank: rank), right.dimension(axis, ofRank: rank))
      guard a == b || a == 1 || b == 1 else { return nil }
      dimensions.append(a == 1 ? b : a)
    }
    return Shape(dimensions)
  }

  /// The size along `axis` of this shape with ones in front up to `rank`.
  private func dimension(_ axis: Int, ofRank rank: Int) -> Int {
    axis < rank - self.rank ? 1 : dimensions[axis - (rank - self.rank)]
  }

  /// Where the elements of a tensor of this shape stand when it is broadcast to `target`.
  func places(in target: Shape) -> BroadcastPlaces {
    let own = rowMajorStrides
    let missing = target.rank - rank
    let strides = target.dimensions.indices.map { axis in
      axis < missing || dimensions[axis - missing] == 1 ? 0 : own[axis - missing]
    }
    return BroadcastPlaces(dimensions: target.dimensions, strides: strides)
  }
}

/// From the row-major index of an element to its offset under other strides.
struct BroadcastPlaces {
  let dimensions: [Int]
  let strides: [Int]

  func offset(_ index: Int) -> Int {
    var (rest, offset) = (index, 0)
    for axis in dimensions.indices.reversed() {
      offset += rest % dimensions[axis] * strides[axis]
      rest /= dimensions[axis]
    }
    return offset
  }
}
