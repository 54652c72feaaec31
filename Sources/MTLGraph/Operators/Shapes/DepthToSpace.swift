/// Moves channels into blocks of neighbouring pixels: N x C x H x W to N x C/b^2 x bH x bW.
public struct DepthToSpace: MovingOperator, StandardOperator {
  public enum Order: String, Sendable, CaseIterable {
    /// Depth, column, row.
    case dcr = "DCR"
    /// Column, row, depth: PyTorch's `pixel_shuffle`.
    case crd = "CRD"
  }

  public static let name = "DepthToSpace"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      guard let size = try attributes.integer("blocksize") else { throw attributes.missing("blocksize") }
      return DepthToSpace(blockSize: size, order: try attributes.choice("mode", default: .dcr))
    }
  ]
  private let blockSize: Int
  private let order: Order

  public init(blockSize: Int, order: Order) {
    self.blockSize = blockSize
    self.order = order
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inferring(inputs) { shapes throws(MTLError) in
      let shape = shapes[0]
      try requireRank(shape, 4)
      guard (1...Window.maximumSide).contains(blockSize), shape[1] % (blockSize * blockSize) == 0 else {
        throw MTLError(.shapeMismatch, "channels", expected: "a multiple of \(blockSize)^2", found: "\(shape)")
      }
      return [
        [
          shape[0], shape[1] / (blockSize * blockSize), shape[2].saturatingProduct(blockSize),
          shape[3].saturatingProduct(blockSize),
        ]
      ]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let (source, block) = (input.shape, blockSize)
    return [
      try input.moved(to: shape) { index in
        let (plane, pixel) = index.quotientAndRemainder(dividingBy: shape[2] * shape[3])
        let (image, channel) = plane.quotientAndRemainder(dividingBy: shape[1])
        let (row, column) = (pixel / shape[3], pixel % shape[3])
        let within = row % block * block + column % block
        let from = order == .dcr ? within * shape[1] + channel : channel * block * block + within
        return ((image * source[1] + from) * source[2] + row / block) * source[3] + column / block
      }
    ]
  }
}
