/// Joins tensors along one axis.
public struct Concat: AxisOperator, StandardOperator {
  public static let name = "Concat"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      // The first operator set joins channels where it is not told otherwise.
      guard let axis = try attributes.integer("axis") ?? (attributes.opset < 4 ? 1 : nil) else {
        throw attributes.missing("axis")
      }
      return Concat(axis: axis)
    }
  ]
  /// Negative counts from the last axis.
  public let axis: Int

  public init(axis: Int = 1) {
    self.axis = axis
  }

  public var evaluatesAnyType: Bool { true }
  public var takesText: Bool { true }

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
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    // Where each part's line of elements begins, in an output's line and in all inputs one after the other.
    var starts: [(inLine: Int, inInputs: Int, length: Int)] = []
    var (line, position) = (0, 0)
    for input in inputs {
      starts.append((line, position, input.shape[axis] * inner))
      line += input.shape[axis] * inner
      position += input.shape.elementCount
    }
    let all = try Tensor.joined(inputs, to: [position])
    guard outer > 0, line > 0 else { return [try all.reshaped(to: shape)] }
    return [
      try all.moved(to: shape) { index in
        let (block, place) = index.quotientAndRemainder(dividingBy: line)
        guard let part = starts.last(where: { $0.inLine <= place && $0.length > 0 }) else { return nil }
        return part.inInputs + block * part.length + place - part.inLine
      }
    ]
  }

  /// Parts without elements are left out.
  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    let known = inputs.compactMap { $0 }
    let filled = known.filter { $0.fact.shape?.elementCount != 0 }
    guard known.count == inputs.count, filled.count < known.count, let first = filled.first else { return nil }
    return filled.count == 1 ? [first.id] : try specializer.add(self, filled.map(\.id))
  }
}
