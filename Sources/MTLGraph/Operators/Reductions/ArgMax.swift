/// The place of the largest, or the smallest, element along an axis.
public struct ArgMax: GeneralOperator, StandardOperator {
  public static let name = "ArgMax"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in try ArgMax(attributes, isSmallest: false) },
    OperatorImport("ArgMin") { attributes throws(MTLError) in try ArgMax(attributes, isSmallest: true) },
  ]
  private let axis: Int
  private let keepsAxis: Bool
  /// Whether of equal elements the last one counts.
  private let takesLast: Bool
  private let isSmallest: Bool

  init(_ attributes: Attributes, isSmallest: Bool) throws(MTLError) {
    axis = try attributes.integer("axis", default: 0)
    keepsAxis = try attributes.flag("keepdims", default: true)
    takesLast = try attributes.flag("select_last_index")
    self.isSmallest = isSmallest
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inferring(inputs, type: .int64) { shapes throws(MTLError) in
      var dimensions = shapes[0].dimensions
      let axis = try shapes[0].axis(axis)
      guard dimensions[axis] > 0 else {
        throw MTLError(.shapeMismatch, "axis", expected: "at least one element", found: "\(shapes[0])")
      }
      if keepsAxis { dimensions[axis] = 1 } else { dimensions.remove(at: axis) }
      return [Shape(dimensions)]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let values = input.doubles()
    let sign: Double = isSmallest ? -1 : 1
    let winners = input.shape.groups(joining: [try input.shape.axis(axis)]).map { places in
      var winner = 0
      for (position, place) in places.enumerated() {
        let (value, best) = (values[place] * sign, values[places[winner]] * sign)
        if value > best || (takesLast && value == best) { winner = position }
      }
      return winner
    }
    return [Tensor(winners, as: .int64, shape: shape)]
  }
}
