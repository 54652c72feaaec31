import MTLFormats
import MTLGraph

/// Attentive single-tasking of multiple tasks (Maninis et al. 2019) on squeeze-and-excitation ResNets.
///
/// The network answers one task at a time: normalisation, squeeze-and-excitation and adapters have weights for each task
/// from the first block on. All tasks are outputs of one graph here, which share what has no such weights: the stem, or, of
/// a network trained without them, everything but the last layer. Outputs are logits of the image's size.
public struct AstmtRecipe: Recipe {
  public let name = "astmt-pascal"
  public var family: RecipeFamily { .pascal }
  public let summary = "ASTMT on SE-ResNet-26, 50 or 101, PASCAL-Context of up to 5 tasks; one pass for each"
  public let source = "facebookresearch/astmt, fblib/networks/deeplab_multi_task/"

  public func recognizes(_ checkpoint: WeightStore) -> Bool {
    checkpoint.contains("decoder.low_level_reduce.process.0.weight")
      && !checkpoint.children(of: "decoder.conv_predict").isEmpty
  }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    let found = PascalTasks.sorted(checkpoint.children(of: "decoder.conv_predict"))
    let tasks = (found.isEmpty ? PascalTasks.order.dropLast() : found).map { name in
      let key = "decoder.conv_predict.\(name)"
      return PascalTasks.task(name, prefix: key, classes: checkpoint.dimension(0, of: "\(key).bias"))
    }
    return NetworkBlueprint(input: input, tasks: tasks, notes: notes(checkpoint)) {
      builder, image, wanted throws(MTLError) in
      builder.skip("discriminator", because: "it tells tasks apart while training")
      let stem = try builder.convolutionNormalized(image, "conv1", norm: "bn1", kernel: 7, stride: 2, bias: false)
      let pooled = try builder.maxPool(stem, kernel: 3, stride: 2, padding: 1)
      let isShared = !AstmtRecipe.hasTaskWeights(builder.checkpoint)
      let common = isShared ? try AstmtLayers(task: tasks[0].name).features(&builder, pooled) : nil
      return try wanted.map { task throws(MTLError) in
        let own = tasks.first { task.isServed(by: $0) }?.name ?? task.name
        builder.enter(task.name)
        var value = if let common { common } else { try AstmtLayers(task: own).features(&builder, pooled) }
        value = try builder.convolution(value, "decoder.conv_predict.\(own)", kernel: 1, bias: true)
        return try builder.resize(value, like: image, .bilinear)
      }
    }
  }

  /// Raw pixel values: the published data loaders neither divide nor subtract. They resize float pictures with OpenCV's
  /// cubic, which is PyTorch's.
  private var input: InputDescription {
    InputDescription(
      width: 512, height: 512, color: .rgb, range: [0, 255], mean: [0, 0, 0], standardDeviation: [1, 1, 1],
      filter: .torchBicubic)
  }

  /// Whether any part before the last layer has weights for each task.
  private static func hasTaskWeights(_ checkpoint: WeightStore) -> Bool {
    let keys = ["layer1.0.bn1.weight", "layer1.0.se.fc.0.weight", "decoder.conv_process.norm.weight"]
    return !keys.allSatisfy(checkpoint.contains) || !checkpoint.children(of: "layer1.0.adapt").isEmpty
  }

  private func notes(_ checkpoint: WeightStore) -> [String] {
    guard AstmtRecipe.hasTaskWeights(checkpoint) else { return [] }
    return ["the encoder is not shared: each task runs a pass of its own, only 'conv1' and 'bn1' serve all"]
  }
}

/// The layers as one task sees them: its own weights where there are some for each task, else the common ones.
private struct AstmtLayers {
  let task: String

  /// What the task's last layer sees.
  func features(_ builder: inout NetworkBuilder, _ stem: ValueID) throws(MTLError) -> ValueID {
    var value = stem
    var low = stem
    for stage in 1...4 {
      for (index, key) in ResidualTrunk.blocks(builder.checkpoint, "layer\(stage)").enumerated() {
        let isHalving = index == 0 && (stage == 2 || stage == 3)
        value = try block(&builder, value, key, stride: isHalving ? 2 : 1, dilation: stage == 4 ? 2 : 1)
      }
      if stage == 1 { low = value }
    }
    let reduced = try layer(&builder, low, "decoder.low_level_reduce", kernel: 1)
    let pyramid = try builder.resize(self.pyramid(&builder, value), like: reduced, .bilinear)
    value = try layer(&builder, builder.concat([pyramid, reduced]), "decoder.conv_concat", kernel: 3)
    return try layer(&builder, value, "decoder.conv_process", kernel: 3)
  }

  /// The module of this task where there is one for each, told by one of its weights.
  private func own(_ checkpoint: WeightStore, _ key: String, _ weight: String) -> String {
    checkpoint.contains("\(key).\(task).\(weight)") ? "\(key).\(task)" : key
  }

  /// Plus the task's 1 x 1 convolution of the same input, where it has one.
  private func adapted(
    _ builder: inout NetworkBuilder, _ value: ValueID, _ input: ValueID, _ key: String
  ) throws(MTLError) -> ValueID {
    guard builder.checkpoint.contains("\(key).\(task).weight") else { return value }
    let adapter = try builder.convolution(
      input, "\(key).\(task)", channels: builder.channels(of: value), kernel: 1, bias: false)
    return try builder.sum(value, adapter)
  }

  private func normalized(
    _ builder: inout NetworkBuilder, _ value: ValueID, _ key: String, _ activation: ActivationKind? = .relu
  ) throws(MTLError) -> ValueID {
    try builder.activate(
      builder.normalize(value, key: own(builder.checkpoint, key, "weight"), epsilon: 1e-5), activation)
  }

  /// A bottleneck whose stride lies on its first convolution, as in Caffe's.
  private func block(
    _ builder: inout NetworkBuilder, _ input: ValueID, _ key: String, stride: Int, dilation: Int
  ) throws(MTLError) -> ValueID {
    var value = try builder.convolution(input, "\(key).conv1", kernel: 1, stride: stride, bias: false)
    let inner = try normalized(&builder, value, "\(key).bn1")
    value = try builder.convolution(
      inner, "\(key).conv2", channels: builder.channels(of: inner), kernel: 3, dilation: dilation, bias: false)
    value = try normalized(&builder, adapted(&builder, value, inner, "\(key).adapt"), "\(key).bn2")
    value = try builder.convolution(value, "\(key).conv3", kernel: 1, bias: false)
    value = try normalized(&builder, value, "\(key).bn3", nil)
    value = try builder.squeezeExcitation(value, own(builder.checkpoint, "\(key).se.fc", "0.weight"))
    var shortcut = input
    if builder.checkpoint.contains("\(key).downsample.process.weight") {
      shortcut = try builder.convolution(
        input, "\(key).downsample.process", channels: builder.channels(of: value), kernel: 1, stride: stride,
        bias: false)
      shortcut = try normalized(&builder, shortcut, "\(key).downsample.norm", nil)
    }
    return try builder.activate(builder.sum(value, shortcut), .relu)
  }

  /// Convolution with an adapter beside it, normalisation, ReLU and, where trained so, squeeze-and-excitation.
  private func layer(
    _ builder: inout NetworkBuilder, _ input: ValueID, _ key: String, process: Int = 0, kernel: Int, dilation: Int = 1
  ) throws(MTLError) -> ValueID {
    let plain = try builder.convolution(
      input, "\(key).process.\(process)", kernel: kernel, dilation: dilation, bias: false)
    let value = try normalized(&builder, adapted(&builder, plain, input, "\(key).adapt"), "\(key).norm")
    let gate = own(builder.checkpoint, "\(key).se.fc", "0.weight")
    return builder.checkpoint.contains("\(gate).0.weight") ? try builder.squeezeExcitation(value, gate) : value
  }

  /// Atrous spatial pyramid pooling of rates 6, 12 and 18, as at an output stride of 16.
  private func pyramid(_ builder: inout NetworkBuilder, _ input: ValueID) throws(MTLError) -> ValueID {
    let list = "decoder.layer5.conv2d_list"
    var branches = [try layer(&builder, input, "\(list).0", kernel: 1)]
    for index in 1...3 {
      branches.append(try layer(&builder, input, "\(list).\(index)", kernel: 3, dilation: 6 * index))
    }
    let mean = try layer(&builder, builder.globalAverage(input), "\(list).4", process: 1, kernel: 1)
    branches.append(try builder.resize(mean, like: input, .bilinear))
    return try layer(&builder, builder.concat(branches), "decoder.layer5.conv2d_final", kernel: 1)
  }
}
