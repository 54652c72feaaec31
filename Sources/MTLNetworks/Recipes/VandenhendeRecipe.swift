import MTLFormats
import MTLGraph

/// The networks of Vandenhende's survey of multitask learning (2021) and its code base: hard sharing and single tasks on
/// dilated ResNets and HRNet-18, MTAN, cross-stitch, NDDR-CNN, PAD-Net and MTI-Net. Outputs are logits of the image's
/// size. Checkpoints are those of a DataParallel; the reader takes its prefix off.
public struct VandenhendeRecipe: Recipe {
  public enum Data: String, Sendable {
    case pascal
    case nyud
  }

  let model: VandenhendeModel
  let backbone: VandenhendeBackbone
  let data: Data

  public var name: String {
    let title =
      switch model {
      case .baseline: backbone.rawValue
      case .singleTask: "\(backbone.rawValue)-single"
      case .taskDistillation, .multiScale: model.rawValue
      case .attention, .crossStitch, .dimensionReduction: "\(model.rawValue)-\(backbone.rawValue)"
      }
    return "vandenhende-\(title)-\(data.rawValue)"
  }
  public var family: RecipeFamily { .pascal }
  public var summary: String {
    "\(model.title) on \(backbone.title), "
      + (data == .pascal ? "PASCAL-Context of up to 5 tasks" : "NYUD segmentation and depth")
  }
  public var source: String { "SimonVandenhende/Multi-Task-Learning-PyTorch, models/" }
  public var parameters: [RecipeParameter] {
    guard model == .singleTask else { return [] }
    return [
      RecipeParameter(
        "task", default: "by channels",
        "which of \(PascalTasks.order.joined(separator: ", ")) it is: the checkpoint has no name")
    ]
  }

  public func recognizes(_ checkpoint: WeightStore) -> Bool {
    guard model.isMarked(in: checkpoint), let head = heads(checkpoint).first,
      checkpoint.contains("\(head).\(classifier).bias")
    else { return false }
    if backbone != .highResolution {
      let prefix = model.backbonePrefix(task: heads(checkpoint).first.map(VandenhendeRecipe.lastName) ?? "")
      let hasBottlenecks = checkpoint.contains("\(prefix)layer1.0.conv3.weight")
      guard hasBottlenecks == (backbone == .residual50) else { return false }
    }
    guard model != .singleTask else { return true }
    let isNYUD = heads(checkpoint).contains {
      VandenhendeRecipe.lastName($0) == "depth" || classes($0, checkpoint) == 40
    }
    return isNYUD == (data == .nyud)
  }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    let tasks = try tasks(checkpoint, &parameters)
    let auxiliary = PascalTasks.sorted(model.auxiliaryKey.map { checkpoint.children(of: $0) } ?? [])
    let names = tasks.map(\.name)
    let network = VandenhendeNetwork(
      model: model, isHighResolution: backbone == .highResolution, tasks: names,
      heads: tasks.map { $0.prefix ?? "" }, auxiliary: auxiliary.isEmpty ? names : auxiliary)
    return NetworkBlueprint(input: input, tasks: tasks, notes: notes(tasks)) {
      builder, image, wanted throws(MTLError) in
      let outputs = try network.outputs(&builder, image)
      return try wanted.map { task throws(MTLError) in
        builder.enter(task.name)
        let index = tasks.firstIndex { task.isServed(by: $0) } ?? 0
        return try builder.resize(outputs[index], like: image, .bilinear)
      }
    }
  }

  private var input: InputDescription {
    let (width, height) = data == .pascal ? (512, 512) : (640, 480)
    return InputDescription(
      width: width, height: height, color: .rgb, mean: [0.485, 0.456, 0.406],
      standardDeviation: [0.229, 0.224, 0.225], filter: .openCVCubicWrapped)
  }

  /// The key of a head's last convolution, under the head's.
  private var classifier: String {
    if model == .taskDistillation { return "2" }
    return backbone == .highResolution ? "last_layer.3" : "4"
  }

  private func heads(_ checkpoint: WeightStore) -> [String] {
    guard model != .singleTask else { return ["decoder"] }
    let names = PascalTasks.sorted(checkpoint.children(of: model.headsKey))
    let published = data == .pascal ? PascalTasks.order.dropLast() : ["semseg", "depth"]
    return (names.isEmpty ? Array(published) : names).map { "\(model.headsKey).\($0)" }
  }

  private func classes(_ head: String, _ checkpoint: WeightStore) -> Int? {
    checkpoint.dimension(0, of: "\(head).\(classifier).bias")
  }

  private static func lastName(_ key: String) -> String { String(key.split(separator: ".").last ?? "") }

  private func tasks(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> [TaskDescription] {
    let heads = heads(checkpoint)
    guard model == .singleTask else {
      return heads.map {
        PascalTasks.task(VandenhendeRecipe.lastName($0), prefix: $0, classes: self.classes($0, checkpoint))
      }
    }
    let classes = self.classes(heads[0], checkpoint)
    let own = classes == 1 && data == .nyud ? "depth" : PascalTasks.name(classes: classes)
    let given = try parameters.string("task")
    guard given.map(PascalTasks.order.contains) ?? true else {
      throw MTLError(
        .badFormat, "\(parameters.path).task", expected: "one of \(PascalTasks.order.joined(separator: ", "))",
        found: "'\(given ?? "")'")
    }
    return [PascalTasks.task(given ?? own ?? "output", prefix: heads[0], classes: classes)]
  }

  private func notes(_ tasks: [TaskDescription]) -> [String] {
    model == .singleTask
      ? ["the task has no name in the checkpoint; it is taken as '\(tasks[0].name)' (parameter 'task')"] : []
  }
}

/// The combinations that the code base has configurations for, and a ResNet-18 on NYUD.
let vandenhendeRecipes: [any Recipe] = [VandenhendeRecipe.Data.pascal, .nyud].flatMap { data in
  let residual = data == .pascal ? VandenhendeBackbone.residual18 : .residual50
  let recipes =
    [VandenhendeModel.baseline, .singleTask, .attention, .crossStitch, .dimensionReduction].map {
      VandenhendeRecipe(model: $0, backbone: residual, data: data)
    }
    + [VandenhendeModel.baseline, .singleTask, .taskDistillation, .multiScale].map {
      VandenhendeRecipe(model: $0, backbone: .highResolution, data: data)
    }
  guard data == .nyud else { return recipes }
  return recipes
    + [VandenhendeModel.baseline, .singleTask].map {
      VandenhendeRecipe(model: $0, backbone: .residual18, data: data)
    }
}
