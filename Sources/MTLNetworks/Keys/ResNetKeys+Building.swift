import MTLGraph

extension ResNetKeys {
  /// Adds the trunk behind an image: N x features x H / 32 x W / 32, or H / 8 x W / 8 where the last two stages are dilated
  /// instead of strided.
  func build(
    _ builder: inout NetworkBuilder, after image: ValueID, isDilated: Bool = false
  ) throws(MTLError) -> ValueID {
    var value = try builder.convolutionNormalized(image, stem, norm: stemNorm, kernel: 7, stride: 2)
    value = try builder.maxPool(value, kernel: 3, stride: 2, padding: 1)
    for stage in 1...4 {
      // A dilated stage begins with the dilation of the stage before.
      let dilation = isDilated && stage > 2 ? 1 << (stage - 2) : 1
      for block in 0..<blocks[stage - 1] {
        let isFirst = block == 0
        value = try addBlock(
          &builder, after: value, "\(self.stage(stage)).\(block)",
          stride: isFirst && stage > 1 && dilation == 1 ? 2 : 1,
          dilation: isFirst && dilation > 1 ? dilation / 2 : dilation)
      }
    }
    return value
  }

  /// Two convolutions of 3 x 3, or 1 x 1, 3 x 3, 1 x 1, around which the input is added. The stride is that of the first
  /// 3 x 3.
  private func addBlock(
    _ builder: inout NetworkBuilder, after input: ValueID, _ key: String, stride: Int, dilation: Int
  ) throws(MTLError) -> ValueID {
    var value = input
    let last = isBottleneck ? 3 : 2
    let strided = isBottleneck ? 2 : 1
    for layer in 1...last {
      let isWide = !isBottleneck || layer == 2
      value = try builder.convolutionNormalized(
        value, "\(key).conv\(layer)", norm: "\(key).bn\(layer)", kernel: isWide ? 3 : 1,
        stride: layer == strided ? stride : 1, dilation: isWide ? dilation : 1, bias: false,
        activation: layer == last ? nil : .relu)
    }
    var shortcut = input
    if builder.checkpoint.contains("\(key).downsample.0.weight") {
      shortcut = try builder.convolutionNormalized(
        input, "\(key).downsample.0", norm: "\(key).downsample.1", kernel: 1, stride: stride, bias: false,
        activation: nil)
    }
    return try builder.activate(builder.sum(value, shortcut), .relu)
  }
}
