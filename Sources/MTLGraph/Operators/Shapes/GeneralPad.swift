/// Widens a tensor at both ends of its axes, or cuts it where a pad is negative. Special form: `Pad` of images with a
/// constant.
public struct GeneralPad: MovingOperator, StandardOperator {
  public enum Mode: String, Sendable, CaseIterable {
    /// With one number.
    case constant
    /// With the mirror image, without the element at the edge.
    case reflect
    /// With the element at the edge.
    case edge
    /// With the other end.
    case wrap
  }

  public static let name = "Pad"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let (pads, paddings) = (try attributes.integers("pads"), try attributes.integers("paddings"))
      return GeneralPad(
        mode: try attributes.choice("mode", default: .constant),
        pads: NumberList(attribute: pads ?? paddings, orInput: 1),
        value: try attributes.float("value", default: 0))
    }
  ]
  private let mode: Mode
  private let pads: NumberList
  /// Where no third input says another.
  private let value: Float
  private let axes = NumberList(attribute: nil, orInput: 3)

  init(mode: Mode, pads: NumberList, value: Float) {
    self.mode = mode
    self.pads = pads
    self.value = value
  }

  /// Elements before and behind each axis; nil where they depend on data.
  private func ends(_ inputs: [Fact?], _ shape: Shape) throws(MTLError) -> [(before: Int, behind: Int)]? {
    guard case .known(let pads) = pads.look(inputs) else { return nil }
    let axes: [Int]
    switch self.axes.look(inputs) {
    case .known(let listed): axes = listed
    case .absent: axes = Array(0..<shape.rank)
    case .unknown: return nil
    }
    _ = try shape.axes(axes)
    guard pads.count == 2 * axes.count else {
      throw MTLError(.shapeMismatch, "pads", expected: "\(2 * axes.count) numbers", found: "\(pads.count)")
    }
    var ends = [(before: Int, behind: Int)](repeating: (0, 0), count: shape.rank)
    for (position, axis) in axes.enumerated() {
      ends[try shape.axis(axis)] = (pads[position], pads[position + axes.count])
    }
    return ends
  }

  /// Whether what it puts beside the elements is zero; `filling` is the third input.
  package func fillsWithZeros(_ filling: Tensor?) -> Bool {
    mode != .constant || (filling?.doubles().first ?? Double(value)) == 0
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape, let ends = try ends(inputs, shape) else { return [Fact(input.type, nil)] }
    let sizes = zip(shape.dimensions, ends).map { $0.saturatingSum($1.before).saturatingSum($1.behind) }
    let result = try Shape(checking: sizes, of: "output")
    guard mode == .constant || shape.elementCount > 0 || result.elementCount == 0 else {
      throw MTLError(.shapeMismatch, "input", expected: "elements to repeat", found: "\(shape)")
    }
    return [Fact(input.type, result)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let ends = try ends(inputs.map { $0.map { Fact($0) } }, input.shape) ?? []
    let filling = inputs.optional(2) ?? Tensor([Double(value)], as: input.type, shape: [])
    let strides = input.shape.rowMajorStrides
    return [
      try input.moved(to: shape, filling: filling) { index in
        var (rest, offset) = (index, 0)
        for axis in shape.dimensions.indices.reversed() {
          let place = rest % shape[axis] - ends[axis].before
          rest /= shape[axis]
          guard let inside = source(of: place, size: input.shape[axis]) else { return nil }
          offset += inside * strides[axis]
        }
        return offset
      }
    ]
  }

  /// The place inside an axis that one outside repeats; nil for the constant.
  private func source(of place: Int, size: Int) -> Int? {
    if (0..<size).contains(place) { return place }
    switch mode {
    case .constant: return nil
    case .edge: return min(max(place, 0), size - 1)
    case .wrap: return ((place % size) + size) % size
    case .reflect:
      guard size > 1 else { return 0 }
      let period = 2 * (size - 1)
      let within = ((place % period) + period) % period
      return within < size ? within : period - within
    }
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    let facts = inputs.map { $0?.fact }
    guard mode == .constant, let input = inputs.optional(0), input.fact.type == .float32,
      let shape = input.fact.shape, let ends = try ends(facts, shape)
    else { return nil }
    if ends.allSatisfy({ $0 == (0, 0) }) { return [input.id] }
    let filling = facts.optional(2).map { $0.value?.numbers().first } ?? value
    guard shape.rank == 4, ends[0] == (0, 0), ends[1] == (0, 0), let filling,
      [ends[2].before, ends[2].behind, ends[3].before, ends[3].behind].allSatisfy({ $0 >= 0 })
    else { return nil }
    let padding = Window.Padding(
      top: ends[2].before, left: ends[3].before, bottom: ends[2].behind, right: ends[3].behind)
    return try specializer.add(Pad(padding, value: filling), [input.id])
  }
}
