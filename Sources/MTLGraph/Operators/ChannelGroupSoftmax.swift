/// Softmax over every `size` neighbouring channels of an image, for each pixel on its own: what a softmax over the task
/// axis is that MTI-Net's feature propagation finds in its channels. N x C x H x W.
public struct ChannelGroupSoftmax: Operator {
  public static let name = "ChannelGroupSoftmax"
  public let size: Int

  public init(size: Int) {
    self.size = size
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    try requireRank(inputs[0], 4)
    guard size >= 1, inputs[0][1] % size == 0 else {
      throw MTLError(.shapeMismatch, "input", expected: "a multiple of \(size) channels", found: "\(inputs[0])")
    }
    return inputs
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let shape = inputs[0].shape
    let (groups, pixels) = (shape[0] * shape[1] / size, shape[2] * shape[3])
    // Groups follow each other, each with its channels' planes.
    let grouped = Tensor(try inputs[0].floats(), shape: [groups, size, pixels])
    let result = try Softmax(axis: 1).evaluate([grouped])[0]
    return [Tensor(try result.floats(), shape: shape)]
  }
}
