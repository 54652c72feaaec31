/// An operator that works along one axis; negative axes count from the last.
package protocol AxisOperator: Operator {
  var axis: Int { get }
}

extension AxisOperator {
  /// The axis counted from the first one.
  package func axis(of shape: Shape) throws(MTLError) -> Int {
    guard (-shape.rank..<shape.rank).contains(axis) else {
      throw MTLError(.shapeMismatch, "axis", expected: "-\(shape.rank) to \(shape.rank - 1)", found: "\(axis)")
    }
    return axis < 0 ? axis + shape.rank : axis
  }
}

/// An operator that rewrites each line of elements along its axis; the shape stays.
package protocol LineOperator: AxisOperator {}

extension LineOperator {
  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    _ = try axis(of: inputs[0])
    return [inputs[0]]
  }

  /// The axis counted from the first one.
  public func axis(rank: Int) -> Int { axis < 0 ? axis + rank : axis }
}

extension Tensor {
  /// Rewrites each line of elements along `axis`, given as an array.
  func mapLines(axis: Int, _ change: (inout [Float]) -> Void) throws(MTLError) -> Tensor {
    var values = try floats()
    let length = shape[axis]
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    for start in 0..<(length == 0 ? 0 : values.count / length) {
      let first = start / inner * inner * length + start % inner
      let places = stride(from: first, to: first + length * inner, by: inner)
      var line = places.map { values[$0] }
      change(&line)
      for (place, value) in zip(places, line) { values[place] = value }
    }
    return Tensor(values, shape: shape)
  }
}
