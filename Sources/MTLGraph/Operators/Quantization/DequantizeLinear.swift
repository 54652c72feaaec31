/// From a grid of integers or small floats back to floats: (x - zero point) * scale, per tensor, per axis or per block.
public struct DequantizeLinear: GeneralOperator, StandardOperator {
  public static let name = "DequantizeLinear"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let code = try attributes.integer("output_dtype", default: 0)
      let type = DataType(standardCode: code)
      guard code == 0 || type?.isFloatingPoint == true else {
        throw MTLError(.unsupported, "attribute 'output_dtype'", expected: "a type of floats", found: "\(code)")
      }
      return DequantizeLinear(
        axis: try attributes.integer("axis", default: 1), blockSize: try attributes.integer("block_size", default: 0),
        target: type)
    }
  ]
  private let axis: Int
  private let blockSize: Int
  /// Where it is not the scale's type.
  private let target: DataType?

  /// Whether the floats are float32, for scales that are.
  var isFloat32: Bool { target == nil || target == .float32 }

  /// The axis of which each place has a scale of its own, if there are several; nil where scales go by blocks.
  func axis(of shape: Shape) -> Int? { blockSize == 0 ? try? shape.axis(axis) : nil }

  init(axis: Int, blockSize: Int, target: DataType?) {
    (self.axis, self.blockSize, self.target) = (axis, blockSize, target)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (input, scale) = (try inputs.required(0), try inputs.required(1, "scale"))
    if let zeroPoint = inputs.optional(2), zeroPoint.type != input.type {
      throw MTLError(
        .dataTypeMismatch, "zero point", expected: "\(input.type), as the input", found: "\(zeroPoint.type)")
    }
    return [Fact(target ?? scale.type, try inputs.required(0).shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, scale) = (try inputs.required(0), try inputs.required(1))
    if let floats = rowsOfIntegers(input, scale, inputs.optional(2)) { return [floats] }
    let grid = try QuantizationGrid(scale, inputs.optional(2), of: input.shape, axis: axis, blockSize: blockSize)
    let values = input.doubles()
    let results = values.indices.map { Float(values[$0] - grid.zeroPoint($0)) * Float(grid.scale($0)) }
    return [Tensor(results, as: target ?? scale.type, shape: input.shape)]
  }

  /// The same, quicker, of what weights and biases mostly are: bytes, or 32 bits around zero, of which each place of an axis
  /// has a scale, or all have one.
  private func rowsOfIntegers(_ input: Tensor, _ scale: Tensor, _ zeroPoint: Tensor?) -> Tensor? {
    let scales = scale.type == .float32 && scale.shape.rank <= 1 ? scale.numbers() : []
    let isByAxis = scales.count > 1
    guard isFloat32, blockSize == 0, [.int8, .uint8, .int32].contains(input.type), !scales.isEmpty,
      let axis = isByAxis ? try? input.shape.axis(axis) : 0, !isByAxis || input.shape[axis] == scales.count,
      zeroPoint == nil || zeroPoint?.shape.elementCount == scales.count,
      input.type != .int32 || zeroPoint?.isZero != false
    else { return nil }
    let zeros = zeroPoint?.integers() ?? [Int](repeating: 0, count: scales.count)
    let inner = isByAxis ? input.shape.around(axis).inner : input.shape.elementCount
    let floats = unsafe [Float](unsafeUninitializedCapacity: input.shape.elementCount) { result, count in
      count = input.shape.elementCount
      unsafe input.bytes.withUnsafeBytes { bytes in
        for (row, start) in stride(from: 0, to: count, by: max(inner, 1)).enumerated() {
          let places = start..<start + inner
          let (factor, zero) = (scales[row % scales.count], Int32(zeros[row % scales.count]))
          switch input.type {
          case .int8: unsafe DequantizeLinear.spread(bytes.bindMemory(to: Int8.self), result, places, zero, factor)
          case .uint8: unsafe DequantizeLinear.spread(bytes.bindMemory(to: UInt8.self), result, places, zero, factor)
          default: unsafe DequantizeLinear.spread(bytes.bindMemory(to: Int32.self), result, places, zero, factor)
          }
        }
      }
    }
    return Tensor(floats, shape: input.shape)
  }

  @inline(__always)
  private static func spread<Integer: FixedWidthInteger>(
    _ integers: UnsafeBufferPointer<Integer>, _ floats: UnsafeMutableBufferPointer<Float>, _ places: Range<Int>,
    _ zero: Int32, _ factor: Float
  ) {
    for index in places { unsafe floats[index] = Float(Int32(truncatingIfNeeded: integers[index]) &- zero) * factor }
  }
}
