/// A border of constant pixels around images: N x C x H x W.
public struct Pad: Operator {
  public static let name = "Pad"
  public let padding: Window.Padding
  public let value: Float

  public init(_ padding: Window.Padding, value: Float = 0) {
    self.padding = padding
    self.value = value
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    try requireRank(inputs[0], 4)
    let size = try Window(kernel: .init(1), padding: padding).outputSize(rows: inputs[0][2], columns: inputs[0][3])
    return [[inputs[0][0], inputs[0][1], size.rows, size.columns]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let (source, shape) = (inputs[0].shape, try outputShapes(inputs.map(\.shape))[0])
    let x = try inputs[0].floats()
    let values = (0..<shape.elementCount).map { index -> Float in
      let (plane, pixel) = index.quotientAndRemainder(dividingBy: shape[2] * shape[3])
      let (row, column) = (pixel / shape[3] - padding.top, pixel % shape[3] - padding.left)
      guard row >= 0, row < source[2], column >= 0, column < source[3] else { return value }
      return x[(plane * source[2] + row) * source[3] + column]
    }
    return [Tensor(values, shape: shape)]
  }
}
