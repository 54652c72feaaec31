/// A part of a tensor along several axes, with steps that may be negative. Special form: one `Slice` for each axis.
public struct GeneralSlice: GeneralOperator, StandardOperator {
  public static let name = "Slice"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GeneralSlice(
        starts: NumberList(attribute: try attributes.integers("starts"), orInput: 1),
        ends: NumberList(attribute: try attributes.integers("ends"), orInput: 2),
        axes: NumberList(attribute: try attributes.integers("axes"), orInput: 3))
    }
  ]
  private let starts: NumberList
  private let ends: NumberList
  private let axes: NumberList
  private let steps = NumberList(attribute: nil, orInput: 4)

  init(starts: NumberList, ends: NumberList, axes: NumberList) {
    self.starts = starts
    self.ends = ends
    self.axes = axes
  }

  /// First element, number of elements and step along one axis.
  private struct Part {
    let axis: Int
    let first: Int
    let count: Int
    let step: Int
  }

  /// nil where the numbers depend on data.
  private func parts(_ inputs: [Fact?], _ shape: Shape) throws(MTLError) -> [Part]? {
    guard case .known(let starts) = starts.look(inputs), case .known(let ends) = ends.look(inputs) else { return nil }
    func list(_ numbers: NumberList, or standard: [Int]) -> [Int]? {
      switch numbers.look(inputs) {
      case .absent: standard
      case .known(let values): values
      case .unknown: nil
      }
    }
    guard let axes = list(axes, or: Array(starts.indices)),
      let steps = list(steps, or: [Int](repeating: 1, count: starts.count))
    else { return nil }
    guard starts.count == ends.count, starts.count == axes.count, starts.count == steps.count else {
      throw MTLError(
        .shapeMismatch, "starts, ends, axes and steps", expected: "as many of each",
        found: "\(starts.count), \(ends.count), \(axes.count), \(steps.count)")
    }
    _ = try shape.axes(axes)
    return try starts.indices.map { index throws(MTLError) in
      try part(shape, try shape.axis(axes[index]), starts[index], ends[index], steps[index])
    }
  }

  /// Bounds beyond the axis are cut to it, as in Python.
  private func part(_ shape: Shape, _ axis: Int, _ start: Int, _ end: Int, _ step: Int) throws(MTLError) -> Part {
    guard step != 0, step != .min else { throw MTLError(.shapeMismatch, "step", "is \(step)") }
    let size = shape[axis]
    let bounds = step > 0 ? 0...size : -1...(size - 1)
    func place(_ bound: Int) -> Int {
      min(max(bound < 0 ? bound.saturatingSum(size) : bound, bounds.lowerBound), bounds.upperBound)
    }
    let (first, last) = (place(start), place(end))
    let span = step > 0 ? last - first : first - last
    let stride = step.magnitude > UInt(size) ? max(size, 1) : abs(step)
    return Part(
      axis: axis, first: first, count: span > 0 ? (span + stride - 1) / stride : 0, step: step > 0 ? stride : -stride)
  }

  private func shape(_ shape: Shape, _ parts: [Part]) -> Shape {
    var dimensions = shape.dimensions
    for part in parts { dimensions[part.axis] = part.count }
    return Shape(dimensions)
  }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape, let parts = try parts(inputs, shape) else { return [Fact(input.type, nil)] }
    return [Fact(input.type, self.shape(shape, parts))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let parts = try parts(inputs.map { $0.map { Fact($0) } }, input.shape) ?? []
    let shape = shape(input.shape, parts)
    var strides = input.shape.rowMajorStrides
    var start = 0
    for part in parts {
      start += part.first * strides[part.axis]
      strides[part.axis] *= part.step
    }
    let places = BroadcastPlaces(dimensions: shape.dimensions, strides: strides)
    return [try input.moved(to: shape) { start + places.offset($0) }]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), let shape = input.fact.shape,
      let parts = try parts(inputs.map { $0?.fact }, shape), parts.allSatisfy({ $0.step > 0 && $0.count > 0 })
    else { return nil }
    var value = input.id
    for part in parts where part.count != shape[part.axis] {
      let end = part.first + (part.count - 1) * part.step + 1
      value = try specializer.add(Slice(axis: part.axis, start: part.first, end: end, step: part.step), [value])[0]
    }
    return [value]
  }
}
