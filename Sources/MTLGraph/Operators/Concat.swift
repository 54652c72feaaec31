/// Joins tensors along one axis.
public struct Concat: AxisOperator {
  public static let name = "Concat"
  /// Negative counts from the last axis.
  public let axis: Int

  public init(axis: Int = 1) {
    self.axis = axis
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    guard let first = inputs.first else {
      throw MTLError(.shapeMismatch, "inputs", expected: "at least one", found: "none")
    }
    let axis = try axis(of: first)
    var dimensions = first.dimensions
    for shape in inputs.dropFirst() {
      var expected = first.dimensions
      if shape.rank == first.rank { expected[axis] = shape[axis] }
      guard shape.dimensions == expected else {
        throw MTLError(
          .shapeMismatch, "inputs", expected: "\(first) but along axis \(axis)", found: "\(shape)")
      }
      dimensions[axis] = dimensions[axis].saturatingSum(shape[axis])
    }
    return [Shape(dimensions)]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let shape = try outputShapes(inputs.map(\.shape))[0]
    let axis = try axis(of: shape)
    let outer = shape.dimensions[..<axis].reduce(1, *)
    var parts: [[Float]] = []
    for input in inputs { parts.append(try input.floats()) }
    var result: [Float] = []
    result.reserveCapacity(shape.elementCount)
    for block in 0..<outer {
      for part in parts {
        let length = part.count / outer
        result += part[block * length..<(block + 1) * length]
      }
    }
    return [Tensor(result, shape: shape)]
  }
}
