import MTLFormats
import MTLGraph

/// A ResNet trunk as He et al. 2016 and torchvision build it, with bottlenecks or basic blocks, read off a checkpoint.
///
/// The dilated form (Yu et al. 2017, as LibMTL, mtan, auto-lambda and Vandenhende have it) ends at an eighth of the
/// input's size: the last two stages keep their input's size, the convolution that would have had a stride of 2 takes half
/// the stage's dilation, all other 3 x 3 convolutions the whole.
struct ResidualTrunk: Sendable {
  /// The keys of the first convolution and of its normalisation.
  let stemConvolution: String
  let stemNorm: String
  /// The keys of the blocks of each stage.
  let stages: [[String]]
  let isDilated: Bool

  init(stemConvolution: String, stemNorm: String, stages: [[String]], isDilated: Bool) {
    self.stemConvolution = stemConvolution
    self.stemNorm = stemNorm
    self.stages = stages
    self.isDilated = isDilated
  }

  /// torchvision's keys under a prefix, which ends in a dot or is empty: conv1, bn1, layer1.0, ...
  init(_ checkpoint: WeightStore, prefix: String, isDilated: Bool = false) {
    self.init(
      stemConvolution: "\(prefix)conv1", stemNorm: "\(prefix)bn1",
      stages: (1...4).map { ResidualTrunk.blocks(checkpoint, "\(prefix)layer\($0)") }, isDilated: isDilated)
  }

  /// The blocks of a stage that is a list of them: "layer1.0", "layer1.1", ...
  static func blocks(_ checkpoint: WeightStore, _ key: String) -> [String] {
    // Where there are none, the first one will be reported as missing.
    (0..<max(checkpoint.count(of: key), 1)).map { "\(key).\($0)" }
  }

  /// The channels that each stage ends in, or nil if the checkpoint has no such blocks.
  func channels(of stage: Int, in checkpoint: WeightStore) -> Int? {
    guard let last = stages[stage].last else { return nil }
    return checkpoint.dimension(0, of: "\(last).conv3.weight") ?? checkpoint.dimension(0, of: "\(last).conv2.weight")
  }
}

extension NetworkBuilder {
  /// The last map of a trunk.
  mutating func residual(_ image: ValueID, _ trunk: ResidualTrunk) throws(MTLError) -> ValueID {
    try residualMaps(image, trunk)[3]
  }

  /// The map after each of the four stages.
  mutating func residualMaps(_ image: ValueID, _ trunk: ResidualTrunk) throws(MTLError) -> [ValueID] {
    var value = try residualStem(image, trunk)
    var maps: [ValueID] = []
    for stage in trunk.stages.indices {
      value = try residualStage(value, trunk, stage)
      maps.append(value)
    }
    return maps
  }

  /// 7 x 7 convolution of stride 2, normalised, and 3 x 3 max-pool of stride 2.
  mutating func residualStem(_ image: ValueID, _ trunk: ResidualTrunk) throws(MTLError) -> ValueID {
    let value = try convolutionNormalized(
      image, trunk.stemConvolution, norm: trunk.stemNorm, kernel: 7, stride: 2, bias: false)
    return try maxPool(value, kernel: 3, stride: 2, padding: 1)
  }

  mutating func residualStage(
    _ input: ValueID, _ trunk: ResidualTrunk, _ stage: Int
  ) throws(MTLError) -> ValueID {
    try residualBlocks(input, trunk, stage, trunk.stages[stage].indices)
  }

  /// Some of the blocks of a stage, for networks that use what is between them.
  mutating func residualBlocks(
    _ input: ValueID, _ trunk: ResidualTrunk, _ stage: Int, _ range: Range<Int>
  ) throws(MTLError) -> ValueID {
    let isDilated = trunk.isDilated && stage >= 2
    let dilation = isDilated ? 1 << (stage - 1) : 1
    var value = input
    for index in range {
      let isFirst = index == 0
      value = try residualBlock(
        value, trunk.stages[stage][index], stride: isFirst && stage > 0 && !isDilated ? 2 : 1,
        dilations: (isFirst ? max(dilation / 2, 1) : dilation, dilation))
    }
    return value
  }

  /// A bottleneck where the checkpoint has three convolutions, else a basic block; grouped where its weights say so.
  ///
  /// - Parameter dilations: of the convolution that has the stride, and of a basic block's second one.
  mutating func residualBlock(
    _ input: ValueID, _ key: String, stride: Int = 1, dilations: (Int, Int) = (1, 1)
  ) throws(MTLError) -> ValueID {
    let isProjected = checkpoint.contains("\(key).downsample.0.weight")
    let channels = isProjected ? nil : channels(of: input)
    let inner =
      checkpoint.contains("\(key).conv3.weight")
      ? try bottleneck(input, key, channels: channels, stride: stride, dilation: dilations.0)
      : try basicBlock(input, key, channels: channels, stride: stride, dilations: dilations)
    var shortcut = input
    if isProjected {
      shortcut = try convolutionNormalized(
        input, "\(key).downsample.0", norm: "\(key).downsample.1", channels: self.channels(of: inner), kernel: 1,
        stride: stride, bias: false, activation: nil)
    }
    return try activate(sum(inner, shortcut), .relu)
  }

  private mutating func bottleneck(
    _ input: ValueID, _ key: String, channels: Int?, stride: Int, dilation: Int
  ) throws(MTLError) -> ValueID {
    var value = try convolutionNormalized(input, "\(key).conv1", norm: "\(key).bn1", kernel: 1, bias: false)
    let width = self.channels(of: value)
    let groups = max(width / max(checkpoint.dimension(1, of: "\(key).conv2.weight") ?? width, 1), 1)
    value = try convolutionNormalized(
      value, "\(key).conv2", norm: "\(key).bn2", channels: width, kernel: 3, stride: stride, dilation: dilation,
      groups: groups, bias: false)
    return try convolutionNormalized(
      value, "\(key).conv3", norm: "\(key).bn3", channels: channels, kernel: 1, bias: false, activation: nil)
  }

  private mutating func basicBlock(
    _ input: ValueID, _ key: String, channels: Int?, stride: Int, dilations: (Int, Int)
  ) throws(MTLError) -> ValueID {
    let value = try convolutionNormalized(
      input, "\(key).conv1", norm: "\(key).bn1", channels: channels, kernel: 3, stride: stride, dilation: dilations.0,
      bias: false)
    return try convolutionNormalized(
      value, "\(key).conv2", norm: "\(key).bn2", channels: self.channels(of: value), kernel: 3, dilation: dilations.1,
      bias: false, activation: nil)
  }
}
