/// The elements start, start + step, ... before end along one axis.
public struct Slice: AxisOperator {
  public static let name = "Slice"
  /// Negative counts from the last axis.
  public let axis: Int
  /// Negative counts from the end of the axis.
  public let start: Int
  /// nil: up to the end. Negative counts from the end; an end beyond the axis is an error.
  public let end: Int?
  /// At least 1.
  public let step: Int

  public init(axis: Int = 1, start: Int, end: Int? = nil, step: Int = 1) {
    self.axis = axis
    self.start = start
    self.end = end
    self.step = step
  }

  public var evaluatesAnyType: Bool { true }
  public var takesText: Bool { true }

  /// First element and number of elements along the axis of this size.
  public func range(size: Int) throws(MTLError) -> (first: Int, count: Int) {
    let first = start < 0 ? start + size : start
    let last = end.map { $0 < 0 ? $0 + size : $0 } ?? size
    guard step >= 1, first >= 0, first <= last, last <= size else {
      throw MTLError(
        .shapeMismatch, "range", expected: "a part of 0..<\(size)",
        found: "\(start)..<\(end.map(String.init) ?? "end") by \(step)")
    }
    return (first, (last - first + step - 1) / step)
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    var dimensions = inputs[0].dimensions
    let axis = try axis(of: inputs[0])
    dimensions[axis] = try range(size: dimensions[axis]).count
    return [Shape(dimensions)]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let (source, shape) = (inputs[0].shape, try outputShapes(inputs.map(\.shape))[0])
    let axis = try axis(of: source)
    let first = try range(size: source[axis]).first
    let inner = source.dimensions[(axis + 1)...].reduce(1, *)
    let values = try inputs[0].moved(to: shape) { index in
      let (outer, rest) = index.quotientAndRemainder(dividingBy: shape[axis] * inner)
      let (place, column) = rest.quotientAndRemainder(dividingBy: inner)
      return (outer * source[axis] + first + place * step) * inner + column
    }
    return [values]
  }
}
