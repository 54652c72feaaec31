/// Cuts a tensor along one axis: into parts of the sizes that an attribute or the second input lists, or into equal ones.
public struct Split: GeneralOperator, StandardOperator {
  public static let name = "Split"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let count = try attributes.integer("num_outputs") ?? attributes.outputCount
      guard (1...maximumCount).contains(count) else {
        throw MTLError(.limit, "outputs", expected: "1 to \(maximumCount)", found: "\(count)")
      }
      return Split(
        axis: try attributes.integer("axis", default: 0), count: count,
        sizes: NumberList(attribute: try attributes.integers("split"), orInput: 1))
    }
  ]
  private static let maximumCount = 1 << 16
  private let axis: Int
  private let count: Int
  private let sizes: NumberList

  init(axis: Int, count: Int, sizes: NumberList) {
    self.axis = axis
    self.count = count
    self.sizes = sizes
  }

  public var outputCount: Int { count }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    let open = [Fact](repeating: Fact(input.type, nil), count: count)
    guard let shape = input.shape else { return open }
    let axis = try shape.axis(axis)
    let lengths: [Int]
    switch sizes.look(inputs) {
    case .known(let sizes): lengths = sizes
    case .unknown: return open
    case .absent:
      // The last part takes what is left.
      let length = (shape[axis] + count - 1) / count
      lengths = (0..<count).map { min(length, max(shape[axis] - $0 * length, 0)) }
    }
    guard lengths.count == count, lengths.allSatisfy({ (0...shape[axis]).contains($0) }),
      lengths.reduce(0, { $0.saturatingSum($1) }) == shape[axis]
    else {
      throw MTLError(.shapeMismatch, "split", expected: "\(count) parts of \(shape[axis])", found: "\(lengths)")
    }
    return lengths.map { length in
      var dimensions = shape.dimensions
      dimensions[axis] = length
      return Fact(input.type, Shape(dimensions))
    }
  }

  /// First and length of each part along the axis.
  private func parts(_ facts: [Fact], _ axis: Int) -> [Slice] {
    var start = 0
    return facts.map { fact in
      defer { start += fact.shape?[axis] ?? 0 }
      return Slice(axis: axis, start: start, end: start + (fact.shape?[axis] ?? 0))
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let facts = try infer(inputs.map { $0.map { Fact($0) } })
    return try parts(facts, try input.shape.axis(axis)).map { slice throws(MTLError) in try slice.evaluate([input])[0] }
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    let facts = try infer(inputs.map { $0?.fact })
    guard let input = inputs.optional(0), let shape = input.fact.shape, facts.allSatisfy({ $0.shape != nil }) else {
      return nil
    }
    return try parts(facts, try shape.axis(axis)).map { slice throws(MTLError) in
      try specializer.add(slice, [input.id])[0]
    }
  }
}
