import Glibc

/// exp(x) / sum(exp(x)) along one axis, with the maximum subtracted first.
public struct Softmax: Operator {
  public static let name = "Softmax"
  /// Negative counts from the last axis.
  public let axis: Int

  public init(axis: Int = -1) {
    self.axis = axis
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    let rank = inputs[0].rank
    guard (-rank..<rank).contains(axis) else {
      throw MTLError(.shapeMismatch, "axis", expected: "-\(rank) to \(rank - 1)", found: "\(axis)")
    }
    return [inputs[0]]
  }

  /// The axis counted from the first one.
  public func axis(rank: Int) -> Int { axis < 0 ? axis + rank : axis }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let shape = inputs[0].shape
    var x = try inputs[0].floats()
    let axis = axis(rank: shape.rank)
    let length = shape[axis]
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    for start in 0..<(length == 0 ? 0 : x.count / length) {
      let first = start / inner * inner * length + start % inner
      let positions = stride(from: first, to: first + length * inner, by: inner)
      let largest = positions.reduce(-Float.infinity) { Swift.max($0, x[$1]) }
      var sum: Float = 0
      for position in positions {
        x[position] = exp(x[position] - largest)
        sum += x[position]
      }
      for position in positions { x[position] /= sum }
    }
    return [Tensor(x, shape: shape)]
  }
}
