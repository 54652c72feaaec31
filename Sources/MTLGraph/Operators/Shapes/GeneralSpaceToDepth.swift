/// Moves blocks of neighbouring pixels into channels: N x C x H x W to N x b^2 C x H/b x W/b. (`SpaceToDepth` is Swin's,
/// which orders the neighbours otherwise.)
public struct GeneralSpaceToDepth: MovingOperator, StandardOperator {
  public static let name = "SpaceToDepth"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      guard let size = try attributes.integer("blocksize") else { throw attributes.missing("blocksize") }
      return GeneralSpaceToDepth(blockSize: size, order: try attributes.choice("mode", default: .dcr))
    }
  ]
  private let blockSize: Int
  private let order: DepthToSpace.Order

  public init(blockSize: Int, order: DepthToSpace.Order = .dcr) {
    self.blockSize = blockSize
    self.order = order
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inferring(inputs) { shapes throws(MTLError) in
      let shape = shapes[0]
      try requireRank(shape, 4)
      guard (1...Window.maximumSide).contains(blockSize), shape[2] % blockSize == 0, shape[3] % blockSize == 0 else {
        throw MTLError(.shapeMismatch, "pixels", expected: "multiples of \(blockSize)", found: "\(shape)")
      }
      let channels = shape[1].saturatingProduct(blockSize * blockSize)
      return [[shape[0], channels, shape[2] / blockSize, shape[3] / blockSize]]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let (source, block) = (input.shape, blockSize)
    return [
      try input.moved(to: shape) { index in
        let (plane, pixel) = index.quotientAndRemainder(dividingBy: shape[2] * shape[3])
        let (image, channel) = plane.quotientAndRemainder(dividingBy: shape[1])
        let isDepthFirst = order == .dcr
        let within = isDepthFirst ? channel / source[1] : channel % (block * block)
        let from = isDepthFirst ? channel % source[1] : channel / (block * block)
        let row = pixel / shape[3] * block + within / block
        let column = pixel % shape[3] * block + within % block
        return ((image * source[1] + from) * source[2] + row) * source[3] + column
      }
    ]
  }
}
