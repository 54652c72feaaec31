import MTLFormats
import MTLGraph

public enum VandenhendeBackbone: String, Sendable {
  case residual18 = "resnet18"
  case residual50 = "resnet50"
  case highResolution = "hrnet18"

  var title: String {
    switch self {
    case .residual18: "a dilated ResNet-18"
    case .residual50: "a dilated ResNet-50"
    case .highResolution: "HRNet-18"
    }
  }
}

public enum VandenhendeModel: String, Sendable {
  case baseline
  case singleTask = "single"
  case attention = "mtan"
  case crossStitch = "cross-stitch"
  case dimensionReduction = "nddr-cnn"
  case taskDistillation = "pad-net"
  case multiScale = "mti-net"

  var title: String {
    switch self {
    case .baseline: "hard sharing"
    case .singleTask: "one task"
    case .attention: "MTAN"
    case .crossStitch: "cross-stitch networks"
    case .dimensionReduction: "NDDR-CNN"
    case .taskDistillation: "PAD-Net"
    case .multiScale: "MTI-Net"
    }
  }

  var headsKey: String { self == .baseline ? "decoders" : "heads" }

  /// Where the names of all tasks stand that have features, also of those that only help.
  var auxiliaryKey: String? {
    switch self {
    case .taskDistillation: "initial_task_prediction_heads.layers"
    case .multiScale: "scale_0.refinement"
    default: nil
    }
  }

  func backbonePrefix(task: String) -> String {
    self == .crossStitch || self == .dimensionReduction ? "backbone.\(task)." : "backbone."
  }

  /// Whether a checkpoint has what only this model has.
  func isMarked(in checkpoint: WeightStore) -> Bool {
    let marker =
      switch self {
      case .baseline: "decoders"
      case .singleTask: "decoder"
      case .attention: "refine_1.0"
      case .crossStitch: "cross_stitch.layer1"
      case .dimensionReduction: "nddr.layer2"
      case .taskDistillation: "initial_task_prediction_heads.layers"
      case .multiScale: "distillation_scale_0"
      }
    return !checkpoint.children(of: marker).isEmpty && !checkpoint.children(of: "backbone").isEmpty
  }
}

/// The part of a network before its outputs are resampled.
struct VandenhendeNetwork: Sendable {
  let model: VandenhendeModel
  let isHighResolution: Bool
  /// The tasks that are answered, and their heads' keys.
  let tasks: [String]
  let heads: [String]
  /// All tasks that have features.
  let auxiliary: [String]

  /// The logits of each task.
  func outputs(_ builder: inout NetworkBuilder, _ image: ValueID) throws(MTLError) -> [ValueID] {
    switch model {
    case .baseline, .singleTask:
      let maps = try shared(&builder, image)
      return try headOutputs(&builder) { _ in maps }
    case .attention:
      let maps = try attended(&builder, image)
      return try headOutputs(&builder) { [maps[$0]] }
    case .crossStitch, .dimensionReduction:
      let maps = try exchanged(&builder, image)
      return try headOutputs(&builder) { [maps[$0]] }
    case .taskDistillation: return try distilledOnce(&builder, image)
    case .multiScale:
      let maps = try distilledAtScales(&builder, image)
      return try headOutputs(&builder) { maps[$0] }
    }
  }

  private func headOutputs(
    _ builder: inout NetworkBuilder, _ maps: (_ task: Int) -> [ValueID]
  ) throws(MTLError) -> [ValueID] {
    try tasks.indices.map { task throws(MTLError) in
      builder.enter(tasks[task])
      return isHighResolution
        ? try builder.highResolutionHead(maps(task), heads[task])
        : try builder.deepLabHead(maps(task)[0], heads[task])
    }
  }

  private func shared(_ builder: inout NetworkBuilder, _ image: ValueID) throws(MTLError) -> [ValueID] {
    if isHighResolution { return try builder.highResolutionMaps(image, prefix: "backbone.") }
    return [try builder.residual(image, trunk(builder.checkpoint, "backbone."))]
  }

  private func trunk(_ checkpoint: WeightStore, _ prefix: String) -> ResidualTrunk {
    ResidualTrunk(checkpoint, prefix: prefix, isDilated: true)
  }

  private func attended(_ builder: inout NetworkBuilder, _ image: ValueID) throws(MTLError) -> [ValueID] {
    let names = tasks
    let network = AttentionTrunk(
      trunk: trunk(builder.checkpoint, "backbone."), mask: { "attention_\($0 + 1).\(names[$1])" },
      sharedBlock: { "refine_\($0 + 1).0" })
    return try builder.attend(image, network, taskCount: names.count)
  }

  /// A trunk for each task; behind every stage they exchange features.
  private func exchanged(_ builder: inout NetworkBuilder, _ image: ValueID) throws(MTLError) -> [ValueID] {
    let checkpoint = builder.checkpoint
    let trunks = tasks.map { trunk(checkpoint, "backbone.\($0).") }
    var features = try trunks.map { trunk throws(MTLError) in try builder.residualStem(image, trunk) }
    if model == .dimensionReduction { features = try reduced(&builder, features, "conv") }
    for stage in 0..<4 {
      features = try trunks.indices.map { task throws(MTLError) in
        try builder.residualStage(features[task], trunks[task], stage)
      }
      features =
        model == .crossStitch
        ? try stitched(&builder, features, "layer\(stage + 1)")
        : try reduced(&builder, features, stage == 0 ? "layer1_without_conv" : "layer\(stage + 1)")
    }
    return features
  }

  /// Each task's sum of all tasks' features, with a factor for each channel (Misra et al. 2016).
  private func stitched(
    _ builder: inout NetworkBuilder, _ features: [ValueID], _ stage: String
  ) throws(MTLError) -> [ValueID] {
    try tasks.indices.map { target throws(MTLError) in
      let unit = "cross_stitch.\(stage).cross_stitch_unit.\(tasks[target])"
      let factors = try tasks.indices.map { source throws(MTLError) in
        let width = builder.channels(of: features[source])
        return try builder.weight("\(unit).\(tasks[source]).param", [width], as: [1, 1, width])
      }
      return try builder.weightedSum(builder.concat(factors), features)
    }
  }

  /// Each task's 1 x 1 convolution of all tasks' features side by side (Gao et al. 2019).
  private func reduced(
    _ builder: inout NetworkBuilder, _ features: [ValueID], _ stage: String
  ) throws(MTLError) -> [ValueID] {
    let joined = try builder.concat(features)
    return try tasks.map { task throws(MTLError) in
      let key = "nddr.\(stage).layer.\(task)"
      return try builder.convolutionNormalized(joined, "\(key).0", norm: "\(key).1", kernel: 1, bias: false)
    }
  }

  /// PAD-Net: features of every task at a quarter of the image's size, then of each task with what the others add.
  private func distilledOnce(_ builder: inout NetworkBuilder, _ image: ValueID) throws(MTLError) -> [ValueID] {
    builder.skip("initial_task_prediction_heads.conv_out", because: "first predictions are for training")
    let maps = try builder.highResolutionMaps(image, prefix: "backbone.0.")
    let shared = try builder.highResolutionFusion(maps, "backbone.1")
    let features = try auxiliary.map { task throws(MTLError) in
      try builder.residualBlocks(shared, under: "initial_task_prediction_heads.layers.\(task)")
    }
    return try tasks.indices.map { task throws(MTLError) in
      builder.enter(tasks[task])
      var value = try builder.distilled(features, of: auxiliary, for: tasks[task], "multi_modal_distillation")
      for index in 0..<2 { value = try builder.residualBlock(value, "\(heads[task]).\(index)") }
      return try builder.convolution(value, "\(heads[task]).2", kernel: 1, bias: true)
    }
  }

  /// MTI-Net: the same at each scale, from the coarsest, whose features the finer ones see. The maps of each task, the
  /// largest first.
  private func distilledAtScales(
    _ builder: inout NetworkBuilder, _ image: ValueID
  ) throws(MTLError) -> [[ValueID]] {
    let backbone = try builder.highResolutionMaps(image, prefix: "backbone.")
    var maps = [[ValueID]](repeating: [], count: tasks.count)
    var coarser: [ValueID] = []
    for scale in backbone.indices.reversed() {
      builder.skip("scale_\(scale).decoders", because: "predictions at each scale are for training")
      let features = try auxiliary.indices.map { task throws(MTLError) in
        var value = backbone[scale]
        if !coarser.isEmpty { value = try builder.concat([value, builder.resize(coarser[task], scale: 2, .bilinear)]) }
        return try builder.residualBlocks(value, under: "scale_\(scale).refinement.\(auxiliary[task])")
      }
      for task in tasks.indices {
        let value = try builder.distilled(
          features, of: auxiliary, for: tasks[task], "distillation_scale_\(scale)")
        maps[task].insert(value, at: 0)
      }
      if scale > 0 { coarser = try builder.propagated(features, of: auxiliary, "fpm_scale_\(scale)") }
    }
    return maps
  }
}
