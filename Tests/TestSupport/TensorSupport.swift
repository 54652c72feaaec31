import MTLGraph

extension SeededRandom {
  public mutating func tensor(_ shape: Shape, in range: ClosedRange<Float> = -1...1) -> Tensor {
    Tensor(floats(shape.elementCount, in: range), shape: shape)
  }
}

extension Tensor {
  /// The largest difference of two tensors of one shape, relative to the larger of 1 and the largest finite element;
  /// infinite where only one of two elements is a NaN, or infinities differ.
  public func largestDifference(from other: Tensor) throws -> Float {
    let (mine, others) = (try floats(), try other.floats())
    guard shape == other.shape else { return .infinity }
    let scale = others.lazy.filter(\.isFinite).map(abs).reduce(1, max)
    return zip(mine, others).reduce(0) { largest, pair in
      if pair.0 == pair.1 || (pair.0.isNaN && pair.1.isNaN) { return largest }
      let difference = abs(pair.0 - pair.1) / scale
      return difference.isNaN ? .infinity : max(largest, difference)
    }
  }
}
