/// Convolution of integers less their zero points, as int32.
public struct ConvInteger: GeneralOperator, StandardOperator {
  public static let name = "ConvInteger"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      ConvInteger(
        GeneralConvolution(try SpatialWindow(attributes), groups: try attributes.integer("group", default: 1)))
    }
  ]
  private let convolution: GeneralConvolution

  init(_ convolution: GeneralConvolution) {
    self.convolution = convolution
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let operands = [try inputs.required(0), try inputs.required(1, "weight")]
    return [Fact(.int32, try convolution.infer(operands)[0].shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let x = try inputs.required(0).centeredChannels(by: inputs.optional(2), axis: 1)
    let weight = try inputs.required(1).centeredChannels(by: inputs.optional(3), axis: 0)
    return [try convolution.compute([x, weight])[0].converted(to: .int32)]
  }
}

extension Tensor {
  /// Integers less their zero points, of which there is one, or one for each place along an axis. As float64, in which
  /// sums of products of bytes are exact.
  func centeredChannels(by zeroPoint: Tensor?, axis: Int) throws(MTLError) -> Tensor {
    guard let zeroPoint else { return converted(to: .float64) }
    let zeros = zeroPoint.integers()
    guard zeros.count == 1 || shape.rank > axis && zeros.count == shape[axis] else {
      throw MTLError(
        .shapeMismatch, "zero point", expected: "one, or one for each channel", found: "\(zeroPoint.shape)")
    }
    let inner = zeros.count == 1 ? 1 : shape.around(axis).inner
    let values = integers()
    return Tensor(
      values.indices.map { Double(values[$0] &- zeros[$0 / inner % zeros.count]) }, as: .float64, shape: shape)
  }
}
