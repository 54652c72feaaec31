/// A tensor in which elements along an axis are replaced by, or joined with, others where indices say.
public struct ScatterElements: GeneralOperator, StandardOperator {
  public static let name = "ScatterElements"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in try ScatterElements(attributes) },
    // Its name before operator set 11.
    OperatorImport("Scatter") { attributes throws(MTLError) in try ScatterElements(attributes) },
  ]
  private let axis: Int
  private let reduction: ScatterReduction

  init(_ attributes: Attributes) throws(MTLError) {
    axis = try attributes.integer("axis", default: 0)
    reduction = try attributes.choice("reduction", default: .none)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (input, indices, updates) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    guard let shape = input.shape, let places = indices.shape, let values = updates.shape else {
      return [Fact(input.type, input.shape)]
    }
    let axis = try shape.axis(axis)
    guard places == values, places.rank == shape.rank, updates.type == input.type,
      shape.dimensions.indices.allSatisfy({ $0 == axis || places[$0] <= shape[$0] })
    else { throw MTLError(.shapeMismatch, "updates", expected: "\(places) of \(input.type)", found: "\(values)") }
    return [Fact(input.type, shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, indices, updates) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let shape = try outputShape(inputs)
    let axis = try shape.axis(axis)
    let places = try indices.places(within: shape[axis])
    var strides = shape.rowMajorStrides
    let step = strides[axis]
    strides[axis] = 0
    let others = BroadcastPlaces(dimensions: indices.shape.dimensions, strides: strides)
    return [try reduction.scatter(updates, to: input, places.indices.map { others.offset($0) + places[$0] * step })]
  }
}

/// What becomes of an element that another one is scattered to.
enum ScatterReduction: String, Sendable, CaseIterable {
  case none, add, mul, max, min

  /// - Parameter places: where each element of the updates goes.
  func scatter(_ updates: Tensor, to input: Tensor, _ places: [Int]) throws(MTLError) -> Tensor {
    if self == .none {
      var last: [Int: Int] = [:]
      for (index, place) in places.enumerated() { last[place] = index }
      let count = input.shape.elementCount
      let joined = try Tensor.joined([input, updates], to: [count.saturatingSum(updates.shape.elementCount)])
      return try joined.moved(to: input.shape) { index in last[index].map { count + $0 } ?? index }
    }
    if input.type.isFloatingPoint {
      let values = join(input.doubles(), updates.doubles(), places, add: { $0 + $1 }, multiply: { $0 * $1 })
      return Tensor(values, as: input.type, shape: input.shape)
    }
    let values = join(input.integers(), updates.integers(), places, add: { $0 &+ $1 }, multiply: { $0 &* $1 })
    return Tensor(values, as: input.type, shape: input.shape)
  }

  private func join<Value: Comparable>(
    _ values: [Value], _ updates: [Value], _ places: [Int], add: (Value, Value) -> Value,
    multiply: (Value, Value) -> Value
  ) -> [Value] {
    var result = values
    for (place, update) in zip(places, updates) {
      let old = result[place]
      switch self {
      case .none: result[place] = update
      case .add: result[place] = add(old, update)
      case .mul: result[place] = multiply(old, update)
      case .max: result[place] = Swift.max(old, update)
      case .min: result[place] = Swift.min(old, update)
      }
    }
    return result
  }
}
