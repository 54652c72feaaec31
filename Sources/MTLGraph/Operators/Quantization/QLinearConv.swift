/// Convolution of quantized numbers, quantized again. The bias is int32 on the grid of the products.
public struct QLinearConv: GeneralOperator, StandardOperator {
  public static let name = "QLinearConv"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      QLinearConv(
        GeneralConvolution(try SpatialWindow(attributes), groups: try attributes.integer("group", default: 1)))
    }
  ]
  private let convolution: GeneralConvolution

  init(_ convolution: GeneralConvolution) {
    self.convolution = convolution
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let operands = [try inputs.required(0), try inputs.required(3, "weight")]
    return [Fact(try inputs.required(7, "zero point").type, try convolution.infer(operands)[0].shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let zero = try inputs.required(7)
    let x = try inputs.required(0).centeredChannels(by: inputs.optional(2), axis: 1)
    let weight = try inputs.required(3).centeredChannels(by: inputs.optional(5), axis: 0)
    let sums = try convolution.compute([x, weight])[0]
    let (xScale, weightScales) = (try inputs.required(1).numbers(), try inputs.required(4).numbers())
    let bias = inputs.optional(8)?.integers()
    let channels = sums.shape[1]
    guard xScale.count == 1, weightScales.count == 1 || weightScales.count == channels,
      bias == nil || bias?.count == channels
    else {
      throw MTLError(.shapeMismatch, "scales, bias", expected: "one for each of \(channels) channels", found: "others")
    }
    let pixels = max(sums.shape.dimensions[2...].reduce(1, *), 1)
    let values = sums.doubles().enumerated().map { index, sum -> Double in
      let channel = index / pixels % channels
      let scale = Double(xScale[0]) * Double(weightScales[weightScales.count == 1 ? 0 : channel])
      return (sum + Double(bias?[channel] ?? 0)) * scale
    }
    let grid = try QuantizationGrid(
      try inputs.required(6).reshaped(to: []), zero.reshaped(to: []), of: sums.shape, axis: 0, blockSize: 0)
    return [quantized(values, grid, as: zero.type, shape: sums.shape)]
  }
}
