/// From floats to a grid of integers or small floats: per tensor, per axis or per block.
public struct QuantizeLinear: GeneralOperator, StandardOperator {
  public static let name = "QuantizeLinear"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in try QuantizeLinear(attributes) }
  ]
  private let axis: Int
  private let blockSize: Int
  /// Where no zero point says the type.
  private let target: DataType?
  private let saturates: Bool

  /// The type of the output where no zero point says it.
  var outputType: DataType { target ?? .uint8 }

  init(_ attributes: Attributes) throws(MTLError) {
    axis = try attributes.integer("axis", default: 1)
    blockSize = try attributes.integer("block_size", default: 0)
    let code = try attributes.integer("output_dtype", default: 0)
    target = DataType(standardCode: code)
    guard code == 0 || target != nil, blockSize >= 0 else {
      throw MTLError(.unsupported, "attributes", "output_dtype \(code), block_size \(blockSize)")
    }
    saturates = try attributes.flag("saturate", default: true)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    _ = try inputs.required(1, "scale")
    return [Fact(inputs.optional(2)?.type ?? outputType, input.shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let type = inputs.optional(2)?.type ?? outputType
    let grid = try QuantizationGrid(
      try inputs.required(1), inputs.optional(2), of: input.shape, axis: axis, blockSize: blockSize)
    return [quantized(input.doubles(), grid, as: type, saturates: saturates, shape: input.shape)]
  }
}
