import MTLFormats
import MTLGraph

let centerNetRecipes: [any Recipe] = [
  CenterNetRecipe(form: .detection), CenterNetRecipe(form: .pose), CenterNetRecipe(form: .multitask),
]

/// CenterNet on a ResNet: three transposed convolutions and a head of two convolutions for each map, at a quarter of the
/// input's size. Source: xingyizhou/CenterNet, src/lib/models/networks/msra_resnet.py.
struct CenterNetRecipe: Recipe {
  enum Form: String {
    case detection = "centernet-ctdet"
    case pose = "centernet-multi-pose"
    /// Detection, pose and segmentation, as far as the checkpoint has them, on one trunk (arXiv 2108.05060). Its code is
    /// not public: pose takes the first class of the heat maps, and the map `seg` is upsampled four times.
    case multitask = "centernet-multitask"
  }

  let form: Form

  var name: String { form.rawValue }
  let family = RecipeFamily.detection
  var summary: String {
    switch form {
    case .detection: "CenterNet on ResNet-18 to 152: boxes of 80 COCO classes, 512x512"
    case .pose: "CenterNet on ResNet-18 to 152: persons with 17 key points, 512x512"
    case .multitask: "CenterNet on a ResNet with boxes, key points and segmentation together, 512x512"
    }
  }
  var source: String { form == .multitask ? "arXiv 2108.05060" : "xingyizhou/CenterNet, msra_resnet.py" }

  /// Maps in the order in which they stand in the tasks' outputs.
  static let detectionMaps = ["hm", "wh", "reg"]
  static let poseMaps = ["hm", "wh", "reg", "hps", "hm_hp", "hp_offset"]

  func recognizes(_ checkpoint: WeightStore) -> Bool {
    guard checkpoint.shape("deconv_layers.0.weight")?.rank == 4, let classes = CenterNetHead.channels("hm", checkpoint),
      ResNetKeys.find(ModuleKeys(checkpoint)) != nil
    else { return false }
    let hasPose = CenterNetHead.channels("hps", checkpoint) != nil
    let hasSegmentation = CenterNetHead.channels("seg", checkpoint) != nil
    switch form {
    case .detection: return !hasPose && !hasSegmentation
    case .pose: return hasPose && !hasSegmentation && classes == 1
    case .multitask: return hasSegmentation || hasPose && classes > 1
    }
  }

  func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    guard recognizes(checkpoint), let trunk = ResNetKeys.find(ModuleKeys(checkpoint)) else {
      throw mismatch("a ResNet, deconv_layers and heads \(headNames.joined(separator: ", "))", checkpoint)
    }
    let tasks = tasks(checkpoint)
    let input = InputDescription(
      width: 512, height: 512, color: .bgr, mean: [0.407_896_54, 0.447_193_02, 0.470_261_15],
      standardDeviation: [0.288_638_28, 0.274_081_64, 0.278_098_35], resize: .center)
    return NetworkBlueprint(input: input, tasks: tasks) { builder, image, wanted throws(MTLError) in
      let features = try upsampled(&builder, after: builder.residual(image, trunk.trunk()))
      var maps: [String: ValueID] = [:]
      for name in mapNames(checkpoint) {
        builder.enter(name)
        maps[name] = try CenterNetHead(name).build(&builder, after: features)
      }
      var outputs: [ValueID] = []
      for task in wanted {
        guard let own = tasks.first(where: { task.isServed(by: $0) }) else {
          throw MTLError(.internalFault, task.name, "the task has no head")
        }
        builder.enter(task.name)
        outputs.append(try output(of: own.kind, &builder, maps))
      }
      return outputs
    }
  }

  /// Three times: transposed convolution, batch normalisation, ReLU.
  private func upsampled(_ builder: inout NetworkBuilder, after features: ValueID) throws(MTLError) -> ValueID {
    var value = features
    for layer in [0, 3, 6] {
      value = try builder.convolutionTransposed(value, "deconv_layers.\(layer)", kernel: 4, stride: 2, padding: 1)
      value = try builder.activate(
        builder.normalize(value, key: "deconv_layers.\(layer + 1)", epsilon: 1e-5), .relu)
    }
    return value
  }

  private func tasks(_ checkpoint: WeightStore) -> [TaskDescription] {
    let classes = CenterNetHead.channels("hm", checkpoint) ?? 1
    let names = classes == COCO.classes.count ? COCO.classes : []
    let detection = TaskDescription(name: "detection", kind: .detection, labels: names)
    let pose = TaskDescription(name: "pose", kind: .keyPoints, labels: COCO.joints)
    let segmentation = TaskDescription(name: "segmentation", kind: .segmentation)
    switch form {
    case .detection: return [detection]
    case .pose: return [pose]
    case .multitask:
      return [detection] + (CenterNetHead.channels("hps", checkpoint) == nil ? [] : [pose])
        + (CenterNetHead.channels("seg", checkpoint) == nil ? [] : [segmentation])
    }
  }

  /// The maps that the tasks need, all of which must be there.
  private func mapNames(_ checkpoint: WeightStore) -> [String] {
    let kinds = tasks(checkpoint).map(\.kind)
    return (kinds.contains(.keyPoints) ? CenterNetRecipe.poseMaps : CenterNetRecipe.detectionMaps)
      + (kinds.contains(.segmentation) ? ["seg"] : [])
  }

  private func output(
    of kind: TaskDescription.Kind, _ builder: inout NetworkBuilder, _ maps: [String: ValueID]
  ) throws(MTLError) -> ValueID {
    func map(_ name: String) throws(MTLError) -> ValueID {
      guard let value = maps[name] else { throw MTLError(.internalFault, name, "the map was not built") }
      return value
    }
    if kind == .segmentation { return try builder.resize(map("seg"), scale: 4, .bilinear) }
    var values: [ValueID] = []
    for name in kind == .keyPoints ? CenterNetRecipe.poseMaps : CenterNetRecipe.detectionMaps {
      values.append(try map(name))
    }
    if kind == .keyPoints, builder.channels(of: values[0]) > 1 { values[0] = try builder.slice(values[0], 0..<1) }
    return try builder.concat(values)
  }

  private var headNames: [String] {
    switch form {
    case .detection: CenterNetRecipe.detectionMaps
    case .pose: CenterNetRecipe.poseMaps
    case .multitask: CenterNetRecipe.poseMaps + ["seg"]
    }
  }
}
