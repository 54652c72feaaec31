/// Division of each line along an axis by its 1-norm or 2-norm. Special form of the latter: `L2Normalize`.
public struct LpNormalization: GeneralOperator, StandardOperator {
  public static let name = "LpNormalization"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let p = try attributes.integer("p", default: 2)
      guard p == 1 || p == 2 else { throw MTLError(.badFormat, "attribute 'p'", expected: "1 or 2", found: "\(p)") }
      return LpNormalization(axis: try attributes.integer("axis", default: -1), p: p)
    }
  ]
  private let axis: Int
  private let p: Int

  init(axis: Int, p: Int) {
    (self.axis, self.p) = (axis, p)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    if let shape = input.shape { _ = try shape.axis(axis) }
    return [Fact(input.type, input.shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    var values = input.doubles()
    for places in input.shape.groups(joining: [try input.shape.axis(axis)]) {
      let sum = places.reduce(0) { $0 + (p == 1 ? abs(values[$1]) : values[$1] * values[$1]) }
      let norm = p == 1 ? sum : sum.squareRoot()
      for place in places { values[place] = norm == 0 ? 0 : values[place] / norm }
    }
    return [Tensor(values, as: input.type, shape: input.shape)]
  }
}
