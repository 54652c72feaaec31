import MTLFormats
import MTLGraph

/// The dense networks of auto-lambda (Liu et al. 2022) and mtan's DeepLab form, which have the same keys: numbered heads,
/// resampled to the image's size, normals of length 1.
public struct AutoLambdaRecipe: Recipe {
  public enum Form: Sendable {
    /// `shared_layer1` to `shared_layer4` and heads.
    case split
    /// auto-lambda's MTAN: `shared_layer1_b`, `shared_layer1_t`, `encoder_att_1`, ...
    case attention
    /// mtan's MTANDeepLabv3: the same, but log-probabilities for segmentation, and an input in [0, 1].
    case mtan
  }

  let form: Form
  let scene: DenseScene

  public var name: String {
    switch form {
    case .split: "autolambda-split-\(scene.rawValue)"
    case .attention: "autolambda-mtan-\(scene.rawValue)"
    case .mtan: "mtan-deeplab-\(scene.rawValue)"
    }
  }
  public var family: RecipeFamily { .dense }
  public var summary: String {
    let data = scene == .nyuv2 ? "NYUv2 segmentation, depth, normals" : "Cityscapes segmentation, parts, disparity"
    return "\(form == .split ? "split (hard sharing)" : "MTAN") on a dilated ResNet with DeepLab heads, \(data)"
  }
  public var source: String {
    form == .mtan
      ? "lorenmt/mtan, im2im_pred/model_resnet_mtan/resnet_mtan.py" : "lorenmt/auto-lambda, create_network.py"
  }

  public func recognizes(_ checkpoint: WeightStore) -> Bool {
    let marker = form == .split ? "shared_layer4.0.conv1.weight" : "shared_layer4_t.conv1.weight"
    return checkpoint.contains(marker) && checkpoint.contains("decoders.0.4.bias")
      && scene.fits(classes: classes(checkpoint))
  }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    let tasks = tasks(checkpoint)
    return NetworkBlueprint(input: input, tasks: tasks, notes: notes(tasks)) {
      builder, image, wanted throws(MTLError) in
      let features = try features(&builder, image, taskCount: tasks.count)
      return try wanted.map { task throws(MTLError) in
        builder.enter(task.name)
        let index = tasks.firstIndex { task.isServed(by: $0) } ?? 0
        return try output(&builder, features[index], image, tasks[index])
      }
    }
  }

  private var input: InputDescription {
    let range: [Double] = form == .mtan ? [0, 1] : [-1, 1]
    return scene == .nyuv2
      ? scene.input(width: 384, height: 288, range: range) : scene.input(width: 512, height: 256, range: range)
  }

  /// The channels of each head.
  private func classes(_ checkpoint: WeightStore) -> [Int] {
    (0..<checkpoint.count(of: "decoders")).map { checkpoint.dimension(0, of: "decoders.\($0).4.bias") ?? 0 }
  }

  /// Published heads in their order; `noise` is what `--with_noise` adds.
  private var published: [(name: String, classes: Int)] {
    switch scene {
    case .nyuv2: [(form == .mtan ? "segmentation" : "seg", 13), ("depth", 1), ("normal", 3), ("noise", 1)]
    case .cityscapes: [("seg", 19), ("part_seg", 10), ("disp", 1), ("noise", 1)]
    }
  }

  /// Heads have numbers, no names: each is the first published task of as many channels that is not taken yet.
  private func tasks(_ checkpoint: WeightStore) -> [TaskDescription] {
    var free = published
    var classes = classes(checkpoint)
    if classes.isEmpty { classes = published.dropLast().map(\.classes) }
    return classes.enumerated().map { index, count in
      let place = free.firstIndex { $0.classes == count }
      let name = place.map { free.remove(at: $0).name } ?? "head\(index)"
      return scene.task(
        name, prefix: "decoders.\(index)", classes: count, form: form == .mtan ? .logProbabilities : nil)
    }
  }

  private func notes(_ tasks: [TaskDescription]) -> [String] {
    let names = tasks.enumerated().map { "\($0) is '\($1.name)'" }.joined(separator: ", ")
    var notes = ["heads have no names in the checkpoint; by order and channels, \(names)"]
    if form == .attention, scene == .nyuv2 {
      notes.append("mtan's own network has the same keys: 'mtan-deeplab-nyuv2' takes an image in [0, 1]")
    }
    return notes
  }

  private func features(
    _ builder: inout NetworkBuilder, _ image: ValueID, taskCount: Int
  ) throws(MTLError) -> [ValueID] {
    let checkpoint = builder.checkpoint
    builder.skip("logsigma", because: "it weighs the losses of training")
    let stages = (1...4).map { stage -> [String] in
      guard form != .split else { return ResidualTrunk.blocks(checkpoint, "shared_layer\(stage)") }
      let body = "shared_layer\(stage)_b"
      return (0..<checkpoint.count(of: body)).map { "\(body).\($0)" } + ["shared_layer\(stage)_t"]
    }
    let trunk = ResidualTrunk(
      stemConvolution: "shared_conv.0", stemNorm: "shared_conv.1", stages: stages, isDilated: true)
    guard form != .split else {
      return [ValueID](repeating: try builder.residual(image, trunk), count: taskCount)
    }
    let network = AttentionTrunk(
      trunk: trunk, mask: { "encoder_att_\($0 + 1).\($1)" }, sharedBlock: { "encoder_block_att_\($0 + 1)" })
    return try builder.attend(image, network, taskCount: taskCount)
  }

  private func output(
    _ builder: inout NetworkBuilder, _ features: ValueID, _ image: ValueID, _ task: TaskDescription
  ) throws(MTLError) -> ValueID {
    let raw = try builder.deepLabHead(features, task.prefix ?? "decoders.0")
    let value = try builder.resize(raw, like: image, .bilinearAligned)
    switch task.kind {
    // Both code bases divide by the norm as it is.
    case .normals: return try builder.add(L2Normalize(axis: 1, epsilon: 0), [value])
    case .segmentation where form == .mtan, .partSegmentation where form == .mtan:
      return try builder.add(LogSoftmax(axis: 1), [value])
    default: return value
    }
  }
}

let autoLambdaRecipes: [any Recipe] = [
  AutoLambdaRecipe(form: .split, scene: .nyuv2),
  AutoLambdaRecipe(form: .split, scene: .cityscapes),
  AutoLambdaRecipe(form: .attention, scene: .nyuv2),
  AutoLambdaRecipe(form: .attention, scene: .cityscapes),
  AutoLambdaRecipe(form: .mtan, scene: .nyuv2),
]
