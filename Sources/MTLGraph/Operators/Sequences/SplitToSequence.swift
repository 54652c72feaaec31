/// Cuts a tensor along one axis into a sequence: into parts of one length, the last of which takes what is left, into
/// parts of the lengths that are listed, or, where no second input says, into single places, whose axis may be left out.
public struct SplitToSequence: ValueOperator, StandardOperator {
  public static let name = "SplitToSequence"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      SplitToSequence(
        axis: try attributes.integer("axis", default: 0), keepsAxis: try attributes.flag("keepdims", default: true))
    }
  ]
  private let axis: Int
  /// Whether single places keep their axis of size 1.
  private let keepsAxis: Bool

  public init(axis: Int, keepsAxis: Bool = true) {
    self.axis = axis
    self.keepsAxis = keepsAxis
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  /// Where each part lies along the axis.
  private func parts(_ shape: Shape, _ split: Tensor?) throws(MTLError) -> (axis: Int, parts: [Range<Int>]) {
    let axis = try shape.axis(axis)
    let size = shape[axis]
    let lengths: [Int]
    if let split, split.shape.rank > 0 {
      lengths = split.integers()
    } else {
      let length = try split.map { split throws(MTLError) in try split.place() } ?? 1
      guard length >= 1 else {
        throw MTLError(.shapeMismatch, "split", expected: "parts of at least 1", found: "\(length)")
      }
      let count = size / length + (size % length == 0 ? 0 : 1)
      guard count <= TensorSequence.maximumCount else {
        throw MTLError(.limit, "split", expected: "at most \(TensorSequence.maximumCount) parts", found: "\(count)")
      }
      lengths = (0..<count).map { min(length, size - $0 * length) }
    }
    guard lengths.allSatisfy({ (0...size).contains($0) }), lengths.reduce(0, { $0.saturatingSum($1) }) == size else {
      throw MTLError(.shapeMismatch, "split", expected: "parts of \(size)", found: "\(lengths.prefix(16))")
    }
    var start = 0
    return (
      axis,
      lengths.map { length in
        defer { start += length }
        return start..<start + length
      }
    )
  }

  /// The shape of a part, without its axis where that is left out.
  private func shape(_ shape: Shape, _ axis: Int, _ part: Range<Int>, isSingle: Bool) -> Shape {
    var dimensions = shape.dimensions
    dimensions[axis] = part.count
    if isSingle && !keepsAxis { dimensions.remove(at: axis) }
    return Shape(dimensions)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (input, split) = (try inputs.requiredTensor(0), inputs.optional(1))
    if let shape = input.shape, split == nil || split?.value != nil { _ = try parts(shape, split?.value) }
    return [Fact(.sequence, of: input.type)]
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    let (input, split) = (try inputs.tensor(0), try inputs.optionalTensor(1))
    let (axis, parts) = try parts(input.shape, split)
    let elements = try parts.map { part throws(MTLError) in
      try Slice(axis: axis, start: part.lowerBound, end: part.upperBound).evaluate([input])[0]
        .reshaped(to: shape(input.shape, axis, part, isSingle: split == nil))
    }
    return [.sequence(try TensorSequence(elements, type: input.type))]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), let shape = input.fact.shape,
      inputs.optional(1) == nil || inputs.optional(1)?.fact.value != nil
    else { return nil }
    let isSingle = inputs.optional(1) == nil
    let (axis, parts) = try parts(shape, inputs.optional(1)?.fact.value)
    // An empty part has no `Reshape`, and is nothing that kernels know.
    guard shape.elementCount > 0, parts.allSatisfy({ !$0.isEmpty }), specializer.spend(parts.count) else { return nil }
    var elements: [ValueID] = []
    for part in parts {
      let slice = Slice(axis: axis, start: part.lowerBound, end: part.upperBound)
      let cut = try specializer.add(slice, [input.id])[0]
      let target = self.shape(shape, axis, part, isSingle: isSingle)
      guard let reshaped = try specializer.reshaped(specializer.known(cut), to: target) else { return nil }
      elements += reshaped
    }
    return specializer.addSequence(elements, of: input.fact.type).map { [$0] }
  }
}
