/// From the row-major index of an element to its offset under other strides.
package struct BroadcastPlaces {
  let dimensions: [Int]
  package let strides: [Int]

  package init(dimensions: [Int], strides: [Int]) {
    self.dimensions = dimensions
    self.strides = strides
  }

  package func offset(_ index: Int) -> Int {
    var (rest, offset) = (index, 0)
    for axis in dimensions.indices.reversed() {
      offset += rest % dimensions[axis] * strides[axis]
      rest /= dimensions[axis]
    }
    return offset
  }
}

extension Shape {
  /// Where the elements of a tensor of this shape stand when it is broadcast to `target`.
  ///
  /// - Parameter strides: of a tensor that lies in another order than row by row.
  package func places(in target: Shape, strides: [Int]? = nil) -> BroadcastPlaces {
    let own = strides ?? rowMajorStrides
    let missing = target.rank - rank
    return BroadcastPlaces(
      dimensions: target.dimensions,
      strides: target.dimensions.indices.map { axis in
        axis < missing || dimensions[axis - missing] == 1 ? 0 : own[axis - missing]
      })
  }
}
