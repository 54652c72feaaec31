/// Sums, or products, of all elements up to each one along an axis.
public struct CumSum: GeneralOperator, StandardOperator {
  public static let name = "CumSum"
  public static let imports = [
    OperatorImport("CumSum") { attributes throws(MTLError) in try CumSum(attributes, isProduct: false) },
    OperatorImport("CumProd") { attributes throws(MTLError) in try CumSum(attributes, isProduct: true) },
  ]
  private let isExclusive: Bool
  private let isReverse: Bool
  private let isProduct: Bool

  init(_ attributes: Attributes, isProduct: Bool) throws(MTLError) {
    isExclusive = try attributes.flag("exclusive")
    isReverse = try attributes.flag("reverse")
    self.isProduct = isProduct
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    if let axis = try inputs.required(1, "axis").value, let shape = input.shape { _ = try shape.axis(try place(axis)) }
    return [Fact(input.type, input.shape)]
  }

  private func place(_ axis: Tensor) throws(MTLError) -> Int {
    let axes = axis.integers()
    guard axes.count == 1 else { throw MTLError(.shapeMismatch, "axis", expected: "one", found: "\(axes.count)") }
    return axes[0]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let axis = try input.shape.axis(try place(try inputs.required(1)))
    let lines = input.shape.groups(joining: [axis])
    if input.type.isFloatingPoint {
      let values = accumulate(input.doubles(), lines, start: isProduct ? 1 : 0) { isProduct ? $0 * $1 : $0 + $1 }
      return [Tensor(values, as: input.type, shape: input.shape)]
    }
    let values = accumulate(input.integers(), lines, start: isProduct ? 1 : 0) { isProduct ? $0 &* $1 : $0 &+ $1 }
    return [Tensor(values, as: input.type, shape: input.shape)]
  }

  private func accumulate<Value>(
    _ values: [Value], _ lines: [[Int]], start: Value, _ join: (Value, Value) -> Value
  ) -> [Value] {
    var result = values
    for line in lines {
      var total = start
      for place in isReverse ? line.reversed() : line {
        if isExclusive { result[place] = total }
        total = join(total, values[place])
        if !isExclusive { result[place] = total }
      }
    }
    return result
  }
}
