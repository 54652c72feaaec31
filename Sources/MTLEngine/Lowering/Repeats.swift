import MTLGraph

/// Where the elements of a value stand when it is broadcast to a larger shape.
struct Repeats {
  private let dimensions: [Int]
  private let strides: [Int]

  init(_ shape: Shape, in target: Shape) { self.init(shape, strides: shape.rowMajorStrides, in: target) }

  /// Of a value that lies in another order.
  init(_ shape: Shape, strides own: [Int], in target: Shape) {
    let missing = target.rank - shape.rank
    dimensions = target.dimensions
    strides = target.dimensions.indices.map { axis in
      axis < missing || shape[axis - missing] == 1 ? 0 : own[axis - missing]
    }
  }

  /// Of the last axis: 0 or 1.
  var lastStride: Int { strides.last ?? 0 }

  func place(of index: Int) -> Int {
    var (rest, place) = (index, 0)
    for axis in dimensions.indices.reversed() {
      place += rest % dimensions[axis] * strides[axis]
      rest /= dimensions[axis]
    }
    return place
  }
}
