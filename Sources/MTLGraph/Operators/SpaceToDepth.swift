/// Moves 2 x 2 neighbouring pixels into channels, with zeros beyond an odd edge: N x C x H x W to
/// N x 4C x ceil(H / 2) x ceil(W / 2), neighbours in the order (0,0), (1,0), (0,1), (1,1) of (row, column): Swin's patch
/// merging (Liu et al., "Swin Transformer", 2021; microsoft/Swin-Transformer:models/swin_transformer.py).
public struct SpaceToDepth: Operator {
  public static let name = "SpaceToDepth"

  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    try requireRank(inputs[0], 4)
    let shape = inputs[0]
    return [[shape[0], shape[1].saturatingProduct(4), (shape[2] + 1) / 2, (shape[3] + 1) / 2]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let (source, shape) = (inputs[0].shape, try outputShapes(inputs.map(\.shape))[0])
    let x = try inputs[0].floats()
    var result = [Float](repeating: 0, count: shape.elementCount)
    for index in result.indices {
      let (plane, pixel) = index.quotientAndRemainder(dividingBy: shape[2] * shape[3])
      let (image, channel) = plane.quotientAndRemainder(dividingBy: shape[1])
      let neighbour = channel / source[1]
      let row = pixel / shape[3] * 2 + neighbour % 2
      let column = pixel % shape[3] * 2 + neighbour / 2
      guard row < source[2], column < source[3] else { continue }
      result[index] = x[((image * source[1] + channel % source[1]) * source[2] + row) * source[3] + column]
    }
    return [Tensor(result, shape: shape)]
  }
}
