/// alpha * A * B + beta * C, either matrix turned. Special form: `Gemm`.
public struct GeneralGemm: GeneralOperator, StandardOperator {
  public static let name = "Gemm"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GeneralGemm(
        alpha: try attributes.float("alpha", default: 1), beta: try attributes.float("beta", default: 1),
        turnsLeft: try attributes.flag("transA"), turnsRight: try attributes.flag("transB"))
    }
  ]
  private let alpha: Float
  private let beta: Float
  private let turnsLeft: Bool
  let turnsRight: Bool

  public init(alpha: Float = 1, beta: Float = 1, turnsLeft: Bool = false, turnsRight: Bool = false) {
    self.alpha = alpha
    self.beta = beta
    self.turnsLeft = turnsLeft
    self.turnsRight = turnsRight
  }

  /// Whether it is x * W + b, or x * W^T + b, and no more.
  var isLayer: Bool { alpha == 1 && beta == 1 && !turnsLeft }

  private func sizes(_ left: Shape, _ right: Shape) throws(MTLError) -> (rows: Int, depth: Int, columns: Int) {
    try requireRank(left, 2)
    try requireRank(right, 2)
    let (rows, depth) = turnsLeft ? (left[1], left[0]) : (left[0], left[1])
    let (height, columns) = turnsRight ? (right[1], right[0]) : (right[0], right[1])
    guard depth == height else {
      throw MTLError(.shapeMismatch, "inputs", expected: "as many columns as rows", found: "\(left) and \(right)")
    }
    return (rows, depth, columns)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (left, right) = (try inputs.required(0), try inputs.required(1))
    guard let a = left.shape, let b = right.shape else { return [Fact(left.type, nil)] }
    let sizes = try sizes(a, b)
    let output: Shape = [sizes.rows, sizes.columns]
    if let bias = inputs.optional(2)?.shape, Shape.broadcast(bias, output) != output {
      throw MTLError(.shapeMismatch, "bias", expected: "a shape that broadcasts to \(output)", found: "\(bias)")
    }
    return [Fact(left.type, output)]
  }

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    outputs[0].elementCount.saturatingProduct(inputs[0].dimensions[turnsLeft ? 0 : 1])
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (left, right) = (try inputs.required(0), try inputs.required(1))
    let a = turnsLeft ? try Transpose([1, 0]).evaluate([left])[0] : left
    let b = turnsRight ? try Transpose([1, 0]).evaluate([right])[0] : right
    let product = try MatMul().compute([a, b])[0]
    var values = product.doubles().map { $0 * Double(alpha) }
    if let bias = inputs.optional(2) {
      let (addends, places) = (bias.doubles(), bias.shape.places(in: product.shape))
      for index in values.indices { values[index] += Double(beta) * addends[places.offset(index)] }
    }
    return [Tensor(values, as: left.type, shape: product.shape)]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    if let x = inputs.optional(0), let weight = inputs.optional(1), specializer.wholeWeights[weight.id] != nil {
      return try specializer.layerOfBytes(x, weight, hasOutputsFirst: turnsRight, bias: inputs.optional(2))
    }
    guard let left = inputs.optional(0), let right = inputs.optional(1), left.fact.type == .float32, isLayer,
      let shape = left.fact.shape, let weight = right.fact.value,
      shape.elementCount > 0, weight.shape.elementCount > 0
    else { return nil }
    let columns = turnsRight ? weight.shape[0] : weight.shape[1]
    var bias: ValueID?
    if let given = inputs.optional(2) {
      guard let value = given.fact.value, value.type == .float32, value.shape.rank <= 2,
        Shape.broadcast(value.shape, [1, columns]) == [1, columns]
      else { return nil }
      bias = specializer.addConstant(try value.broadcast(to: [1, columns]).reshaped(to: [columns]))
    }
    let turned = turnsRight ? right.id : specializer.addConstant(try specializer.transposed(weight))
    return try specializer.add(Gemm(), [left.id, turned] + (bias.map { [$0] } ?? []))
  }
}
