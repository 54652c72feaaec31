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

  /// - Parameters:
  ///   - classifier: module of the trunk's own classifier, which comes before any others: one task, "class".
  init?(_ checkpoint: WeightStore, classifier: String) {
    if let classes = checkpoint.dimension(0, of: "\(classifier).weight") {
      heads = [
        Head(task: TrunkHeads.describe("class", .linear, classes, key: classifier), key: classifier, form: .linear)
      ]
      return
    }
    let dictionary = ["heads", "decoders"].first { !checkpoint.children(of: $0).isEmpty }
    guard let dictionary else { return nil }
    heads = checkpoint.children(of: dictionary).compactMap { name in
      let key = "\(dictionary).\(name)"
      let forms: [(form: Form, last: String)] = [
        (.linear, key), (.deepLab, "\(key).4"), (.convolution, "\(key).3"),
      ]
      for (form, last) in forms {
        guard let outputs = checkpoint.dimension(0, of: "\(last).weight") else { continue }
        return Head(task: TrunkHeads.describe(name, form, outputs, key: key), key: key, form: form)
      }
      return nil
    }
    if heads.isEmpty { return nil }
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
