/// Scale and zero point for each element of a tensor: one for all, one for each place along an axis, or one for each block
/// of places along it.
struct QuantizationGrid {
  private let scales: [Double]
  private let zeroPoints: [Double]?
  private let places: (Int) -> Int

  /// - Parameters:
  ///   - blockSize: places along the axis that share a scale; 0 for one scale for each place.
  init(
    _ scale: Tensor, _ zeroPoint: Tensor?, of shape: Shape, axis: Int, blockSize: Int
  ) throws(MTLError) {
    scales = scale.doubles()
    zeroPoints = zeroPoint?.doubles()
    if let zeroPoint, zeroPoint.shape.elementCount != scale.shape.elementCount {
      throw MTLError(.shapeMismatch, "zero point", expected: "\(scale.shape)", found: "\(zeroPoint.shape)")
    }
    if scales.count == 1 {
      places = { _ in 0 }
      return
    }
    let axis = try shape.axis(axis)
    let (inner, size) = (shape.around(axis).inner, shape[axis])
    if blockSize > 0 || scale.shape.rank > 1 {
      var expected = shape.dimensions
      let block =
        blockSize > 0 ? blockSize : max(size / max(scale.shape.rank == shape.rank ? scale.shape[axis] : 1, 1), 1)
      expected[axis] = (size + block - 1) / block
      guard scale.shape.dimensions == expected else {
        throw MTLError(.shapeMismatch, "scale", expected: "\(Shape(expected))", found: "\(scale.shape)")
      }
      let count = expected[axis]
      places = { index in
        let (row, column) = index.quotientAndRemainder(dividingBy: inner)
        return (row / size * count + row % size / block) * inner + column
      }
    } else {
      guard scale.shape.elementCount == size else {
        throw MTLError(.shapeMismatch, "scale", expected: "\(size)", found: "\(scale.shape)")
      }
      places = { $0 / inner % size }
    }
  }

  func scale(_ index: Int) -> Double { scales[places(index)] }
  func zeroPoint(_ index: Int) -> Double { zeroPoints?[places(index)] ?? 0 }
}

extension DataType {
  /// The integers that a type holds; nil for floats.
  var integerRange: ClosedRange<Double>? {
    switch self {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65535
    case .int16: -32768...32767
    case .uint4: 0...15
    case .int4: -8...7
    case .uint2: 0...3
    case .int2: -2...1
    case .int32: -2_147_483_648...2_147_483_647
    default: nil
    }
  }
}

/// Quantized numbers of a type: x / scale, to the nearest integer, of two the even one, plus zero point, saturated.
func quantized(
  _ values: [Double], _ grid: QuantizationGrid, as type: DataType, saturates: Bool = true, shape: Shape
) -> Tensor {
  guard let range = type.integerRange else {
    let scaled = values.indices.map { values[$0] / grid.scale($0) + grid.zeroPoint($0) }
    guard let format = type.smallFloat else { return Tensor(scaled, as: type, shape: shape) }
    return Tensor(elements: scaled.map { format.code(of: Float($0), saturate: saturates) }, type, shape)
  }
  let integers = values.indices.map { index -> Int in
    // The standard divides in float32.
    let quotient = Double(Float(values[index]) / Float(grid.scale(index)))
    let whole = quotient.rounded(.toNearestOrEven) + grid.zeroPoint(index)
    return whole.isNaN ? 0 : Int(min(max(whole, range.lowerBound), range.upperBound))
  }
  return Tensor(integers, as: type, shape: shape)
}
