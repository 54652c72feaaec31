/// An operator that joins the elements along some axes into one.
protocol ReductionOperator: GeneralOperator {
  var settings: ReductionSettings { get }
  /// `values` may be empty.
  func join(_ values: [Double]) -> Double
  func join(_ values: [Int]) -> Int
  /// The same on images over all pixels, where kernels have it.
  var overPixels: (any Operator)? { get }
}

/// The attributes of all reductions.
struct ReductionSettings: Sendable {
  let axes: NumberList
  let keepsAxes: Bool
  /// Whether no axes mean that nothing is joined, and not everything.
  let isNothingWithoutAxes: Bool

  init(_ attributes: Attributes) throws(MTLError) {
    axes = NumberList(attribute: try attributes.integers("axes"), orInput: 1)
    keepsAxes = try attributes.flag("keepdims", default: true)
    isNothingWithoutAxes = try attributes.flag("noop_with_empty_axes")
  }

  /// The axes counted from the first; nil where they depend on data.
  func axes(_ inputs: [Fact?], _ shape: Shape) throws(MTLError) -> [Int]? {
    switch axes.look(inputs) {
    case .known(let listed) where !listed.isEmpty: return try shape.axes(listed)
    case .unknown: return nil
    default: return isNothingWithoutAxes ? [] : Array(0..<shape.rank)
    }
  }

  func result(_ shape: Shape, _ axes: [Int]) -> Shape {
    Shape(shape.dimensions.indices.compactMap { axes.contains($0) ? (keepsAxes ? 1 : nil) : shape[$0] })
  }
}

extension ReductionOperator {
  var overPixels: (any Operator)? { nil }
  func join(_ values: [Int]) -> Int { Int(saturating: join(values.map { Double($0) }).rounded(.toNearestOrEven)) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape, let axes = try settings.axes(inputs, shape) else { return [Fact(input.type, nil)] }
    return [Fact(input.type, settings.result(shape, axes))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let axes = try settings.axes(inputs.map { $0.map { Fact($0) } }, input.shape) ?? []
    let target = settings.result(input.shape, axes)
    let groups = input.shape.groups(joining: axes)
    if input.type.isFloatingPoint {
      let values = input.doubles()
      return [Tensor(groups.map { join($0.map { values[$0] }) as Double }, as: input.type, shape: target)]
    }
    let values = input.integers()
    let joined = groups.map { join($0.map { values[$0] }) as Int }
    // The largest of no truth values is false, and no smallest number.
    return [Tensor(input.type == .bool ? joined.map { max($0, 0) } : joined, as: input.type, shape: target)]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let overPixels, let input = inputs.optional(0), input.fact.type == .float32, let shape = input.fact.shape,
      shape.rank == 4, shape[2] * shape[3] > 0, try settings.axes(inputs.map { $0?.fact }, shape) == [2, 3]
    else { return nil }
    let joined = try specializer.add(overPixels, [input.id])[0]
    return try specializer.reshaped(specializer.known(joined), to: settings.result(shape, [2, 3]))
  }
}

extension Shape {
  /// For each place of the other axes, in row-major order, the places of the elements along these.
  func groups(joining axes: [Int]) -> [[Int]] {
    let strides = rowMajorStrides
    let others = dimensions.indices.filter { !axes.contains($0) }
    let outer = BroadcastPlaces(dimensions: others.map { dimensions[$0] }, strides: others.map { strides[$0] })
    let inner = BroadcastPlaces(dimensions: axes.map { dimensions[$0] }, strides: axes.map { strides[$0] })
    let places = (0..<axes.reduce(1) { $0 * dimensions[$1] }).map { inner.offset($0) }
    return (0..<others.reduce(1) { $0 * dimensions[$1] }).map { group in
      let start = outer.offset(group)
      return places.map { start + $0 }
    }
  }
}
