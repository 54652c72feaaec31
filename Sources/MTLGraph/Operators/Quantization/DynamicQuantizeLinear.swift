/// Quantizes to uint8 by the tensor's own range, widened to zero; further outputs are the scale and the zero point.
public struct DynamicQuantizeLinear: GeneralOperator, StandardOperator {
  public static let name = "DynamicQuantizeLinear"
  public static let imports = [OperatorImport(name) { _ in DynamicQuantizeLinear() }]
  public let outputCount = 3
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    [Fact(.uint8, try inputs.required(0).shape), Fact(.float32, []), Fact(.uint8, [])]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let values = input.numbers()
    let low = values.reduce(0) { min($0, $1) }
    let high = values.reduce(0) { max($0, $1) }
    let scale = high == low ? 1 : (high - low) / 255
    let zero = min(max(Int(saturating: Double((-low / scale).rounded(.toNearestOrEven))), 0), 255)
    let (scales, zeros) = (Tensor([scale], shape: []), Tensor([zero], as: .uint8, shape: []))
    let grid = try QuantizationGrid(scales, zeros, of: input.shape, axis: 0, blockSize: 0)
    return [quantized(input.doubles(), grid, as: .uint8, shape: input.shape), scales, zeros]
  }
}
