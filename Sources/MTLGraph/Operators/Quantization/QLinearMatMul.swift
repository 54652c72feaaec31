/// Matrix product of quantized numbers, quantized again.
public struct QLinearMatMul: GeneralOperator, StandardOperator {
  public static let name = "QLinearMatMul"
  public static let imports = [OperatorImport(name) { _ in QLinearMatMul() }]
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let sides = [try inputs.required(0), try inputs.required(3)]
    return [Fact(try inputs.required(7, "zero point").type, try MatMul().infer(sides)[0].shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let zero = try inputs.required(7)
    let left = try inputs.required(0).centered(by: inputs.optional(2), isLeft: true)
    let right = try inputs.required(3).centered(by: inputs.optional(5), isLeft: false)
    let product = try MatMul().compute([left, right])[0]
    // Scales of rows and columns spread over the product as zero points do.
    let scales = (try inputs.required(1).numbers(), try inputs.required(4).numbers(), try inputs.required(6).numbers())
    guard !scales.0.isEmpty, !scales.1.isEmpty, scales.2.count == 1 else {
      throw MTLError(.shapeMismatch, "scales", expected: "at least one each", found: "none")
    }
    let columns = product.shape.dimensions.last ?? 1
    let rows = product.shape.rank > 1 ? product.shape[product.shape.rank - 2] : 1
    let values = product.integers().enumerated().map { index, value -> Double in
      let a = scales.0.count == 1 ? scales.0[0] : scales.0[index / columns % rows % scales.0.count]
      let b = scales.1.count == 1 ? scales.1[0] : scales.1[index % columns % scales.1.count]
      return Double(value) * Double(a) * Double(b)
    }
    let grid = try QuantizationGrid(
      Tensor([scales.2[0]], shape: []), zero.reshaped(to: []), of: product.shape, axis: 0, blockSize: 0)
    return [quantized(values, grid, as: zero.type, shape: product.shape)]
  }
}
