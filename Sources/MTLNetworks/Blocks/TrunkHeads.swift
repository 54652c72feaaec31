import MTLFormats
import MTLGraph

/// The heads that users put behind a published trunk: its own classifier, or a ModuleDict keyed by task, of linear layers
/// on the pooled features, or of small networks on the last map.
struct TrunkHeads: Sendable {
  enum Form: Sendable {
    /// `weight`, `bias`
    case linear
    /// 3 x 3 convolution 0, normalisation 1, 1 x 1 convolution 3
    case convolution
    /// DeepLabV3's pyramid 0, 3 x 3 convolution 1, normalisation 2, 1 x 1 convolution 4 (LibMTL's examples)
    case deepLab
  }

  struct Head: Sendable {
    let task: TaskDescription
    let key: String
    let form: Form
  }

  let heads: [Head]
  /// The trunk's own classifier, where it is there but the tasks' heads stand beside it.
  private let unusedClassifier: String?

  /// - Parameters:
  ///   - classifier: module of the trunk's own classifier: one task, "class", where there are no heads of tasks. Beside
  ///     them it is what came with pretrained weights.
  init?(_ checkpoint: WeightStore, classifier: String) {
    let classes = checkpoint.dimension(0, of: "\(classifier).weight")
    let own = ["heads", "decoders"].lazy.map { TrunkHeads.heads(in: $0, checkpoint, besides: classifier) }
    if let tasks = own.first(where: { !$0.isEmpty }) {
      heads = tasks
      unusedClassifier = classes == nil ? nil : classifier
    } else if let classes {
      heads = [
        Head(task: TrunkHeads.describe("class", .linear, classes, key: classifier), key: classifier, form: .linear)
      ]
      unusedClassifier = nil
    } else {
      return nil
    }
  }

  /// The heads that a module holds. torchvision's ViT has its classifier in a module of this name, `heads.head`, maybe
  /// behind `heads.pre_logits`.
  private static func heads(in dictionary: String, _ checkpoint: WeightStore, besides classifier: String) -> [Head] {
    checkpoint.children(of: dictionary).compactMap { name in
      let key = "\(dictionary).\(name)"
      guard key != classifier, name != "pre_logits" else { return nil }
      let forms: [(form: Form, last: String)] = [
        (.linear, key), (.deepLab, "\(key).4"), (.convolution, "\(key).3"),
      ]
      for (form, last) in forms {
        guard let outputs = checkpoint.dimension(0, of: "\(last).weight") else { continue }
        return Head(task: describe(name, form, outputs, key: key), key: key, form: form)
      }
      return nil
    }
  }

  private static func describe(_ name: String, _ form: Form, _ outputs: Int, key: String) -> TaskDescription {
    if let document = DocumentTasks.describe(name, classes: outputs, prefix: key) { return document }
    let kind: TaskDescription.Kind =
      switch (form, name) {
      case (.linear, _): .classification
      case (_, "segmentation"): .segmentation
      case (_, "depth"): .depth
      case (_, "normal"): .normals
      default: .raw
      }
    return TaskDescription(name: name, kind: kind, unit: kind == .depth ? "m" : nil, prefix: key)
  }

  /// Adds the heads of these tasks on a last map or on a row of features.
  func build(
    _ builder: inout NetworkBuilder, after features: ValueID, _ tasks: [TaskDescription]
  ) throws(MTLError) -> [ValueID] {
    if let unusedClassifier { builder.skip(unusedClassifier, because: "the heads of tasks stand beside it") }
    let wanted = tasks.compactMap { task in heads.first { task.isServed(by: $0.task) } }
    var row = features
    if builder.shape(of: features).rank == 4, wanted.contains(where: { $0.form == .linear }) {
      row = try builder.pooledRow(features)
    }
    var outputs: [ValueID] = []
    for head in wanted {
      builder.enter(head.task.name)
      switch head.form {
      case .linear: outputs.append(try builder.linear(row, head.key))
      case .convolution: outputs.append(try addConvolutions(&builder, features, head.key))
      case .deepLab: outputs.append(try builder.deepLabHead(features, head.key))
      }
    }
    return outputs
  }

  private func addConvolutions(
    _ builder: inout NetworkBuilder, _ map: ValueID, _ key: String
  ) throws(MTLError) -> ValueID {
    let value = try builder.convolutionNormalized(map, "\(key).0", norm: "\(key).1", kernel: 3)
    return try builder.convolution(value, "\(key).3", kernel: 1)
  }
}
