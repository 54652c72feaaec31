import MTLFormats
import MTLGraph

/// The SegNets of mtan (Liu et al. 2019) on NYUv2, and LibMTL's use of one. Everything that mtan's own forward does is
/// inside: log-probabilities of classes, normals of length 1.
public struct SegNetRecipe: Recipe {
  public enum Form: String, Sendable, CaseIterable {
    /// One trunk; `wide` and `deep` are read off.
    case split
    case attention = "mtan"
    case crossStitch = "cross-stitch"
    case dense
    case single
    /// LibMTL's hard parameter sharing over the trunk with attention: logits as they are.
    case libMTL
  }

  let form: Form

  public var name: String { form == .libMTL ? "libmtl-segnet-mtan-nyuv2" : "mtan-segnet-\(form.rawValue)-nyuv2" }
  public var family: RecipeFamily { form == .crossStitch || form == .dense ? .softSharing : .dense }
  public var summary: String {
    let title =
      switch form {
      case .split: "SegNet with a shared trunk (standard, wide or deep)"
      case .attention: "MTAN on SegNet"
      case .crossStitch: "cross-stitch networks on SegNet"
      case .dense: "SegNets that see a shared one"
      case .single: "SegNet of one task"
      case .libMTL: "MTAN on SegNet under LibMTL's hard sharing"
      }
    return "\(title), NYUv2 segmentation, depth, normals"
  }
  public var source: String {
    switch form {
    case .libMTL: "median-research-group/LibMTL, examples/nyu/segnet_mtan.py"
    case .attention: "lorenmt/mtan, im2im_pred/model_segnet_mtan.py"
    case .crossStitch: "lorenmt/mtan, im2im_pred/model_segnet_cross.py"
    default: "lorenmt/mtan, im2im_pred/model_segnet_\(form.rawValue).py"
    }
  }

  public func recognizes(_ checkpoint: WeightStore) -> Bool {
    let hasHeads = checkpoint.contains("pred_task1.0.weight")
    let isTrunk = checkpoint.contains("conv_block_enc.0.0.weight")
    let isForTasks = checkpoint.contains("encoder_block_t.0.0.0.weight")
    let isAttended = checkpoint.contains("encoder_att.0.0.0.weight")
    switch form {
    case .split: return hasHeads && isTrunk && !isAttended
    case .attention: return hasHeads && isTrunk && isAttended
    case .crossStitch: return hasHeads && checkpoint.contains("cs_unit_encoder")
    case .dense: return hasHeads && isForTasks && checkpoint.contains("encoder_block.0.0.weight")
    case .single: return checkpoint.contains("pred_task.0.weight") && isTrunk
    case .libMTL: return checkpoint.contains("encoder.encoder_att.0.0.0.weight")
    }
  }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    let tasks = tasks(checkpoint)
    return NetworkBlueprint(
      input: DenseScene.nyuv2.input(width: 384, height: 288), tasks: tasks, notes: notes(tasks)
    ) { builder, image, wanted throws(MTLError) in
      let features = try features(&builder, image, taskCount: tasks.count)
      return try wanted.map { task throws(MTLError) in
        builder.enter(task.name)
        let index = tasks.firstIndex { task.isServed(by: $0) } ?? 0
        return try output(&builder, features[index], tasks[index])
      }
    }
  }

  private static let names = ["segmentation", "depth", "normal"]

  /// mtan numbers its heads; LibMTL names them.
  private func tasks(_ checkpoint: WeightStore) -> [TaskDescription] {
    let heads: [(name: String, prefix: String)]
    switch form {
    case .single:
      let classes = checkpoint.dimension(0, of: "pred_task.1.bias")
      heads = [(classes == 1 ? "depth" : classes == 3 ? "normal" : "segmentation", "pred_task")]
    case .libMTL:
      let found = Set(checkpoint.children(of: "decoders"))
      // By the order of training, which numbers the masks: a file need not keep it.
      let known = SegNetRecipe.names.filter(found.contains)
      let others = checkpoint.children(of: "decoders").filter { !known.contains($0) }
      let names = found.isEmpty ? SegNetRecipe.names : known + others
      heads = names.map { ($0, "decoders.\($0).pred_task") }
    default:
      let count = (1...3).filter { checkpoint.contains("pred_task\($0).1.bias") }.count
      heads = (0..<(count == 0 ? 3 : count)).map { (SegNetRecipe.names[$0], "pred_task\($0 + 1)") }
    }
    return heads.map { name, prefix in
      DenseScene.nyuv2.task(
        name, prefix: prefix, classes: checkpoint.dimension(0, of: "\(prefix).1.bias"),
        form: form == .libMTL ? nil : .logProbabilities)
    }
  }

  private func notes(_ tasks: [TaskDescription]) -> [String] {
    switch form {
    case .libMTL: []
    case .single: ["the task has no name in the checkpoint; by its channels it is '\(tasks[0].name)'"]
    default: ["heads have no names in the checkpoint; in order they are \(tasks.map(\.name).joined(separator: ", "))"]
    }
  }

  /// What each task's head sees.
  private func features(
    _ builder: inout NetworkBuilder, _ image: ValueID, taskCount: Int
  ) throws(MTLError) -> [ValueID] {
    builder.skip("logsigma", because: "it weighs the losses of training")
    builder.skip("loss_scale", because: "it weighs the losses of training")
    switch form {
    case .split, .single:
      let value = try builder.segNet(image, prefix: "").decoded[0]
      return [ValueID](repeating: value, count: taskCount)
    case .attention, .libMTL:
      let prefix = form == .libMTL ? "encoder." : ""
      let maps = try builder.segNet(image, prefix: prefix)
      return try (0..<taskCount).map { task throws(MTLError) in
        try builder.segNetAttended(maps, prefix: prefix, task: task)
      }
    case .crossStitch: return try builder.segNetCrossStitched(image, taskCount: taskCount)
    case .dense:
      builder.skip("decoder_block.0", because: "no task reads the end of the shared decoder")
      return try builder.segNetDense(image, taskCount: taskCount)
    }
  }

  private func output(
    _ builder: inout NetworkBuilder, _ features: ValueID, _ task: TaskDescription
  ) throws(MTLError) -> ValueID {
    let key = task.prefix ?? "pred_task"
    let hidden = try builder.convolution(features, "\(key).0", kernel: 3, bias: true)
    let value = try builder.convolution(hidden, "\(key).1", kernel: 1, bias: true)
    guard form != .libMTL else { return value }
    switch task.kind {
    // The code divides by the norm as it is.
    case .normals: return try builder.add(L2Normalize(axis: 1, epsilon: 0), [value])
    case .segmentation, .partSegmentation: return try builder.add(LogSoftmax(axis: 1), [value])
    default: return value
    }
  }
}

let segNetRecipes: [any Recipe] = SegNetRecipe.Form.allCases.map(SegNetRecipe.init)
