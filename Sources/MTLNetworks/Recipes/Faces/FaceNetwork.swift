import MTLFormats
import MTLGraph

/// A ResNet and heads of Linear layers on its pooled features, as far as a checkpoint's keys tell.
struct FaceNetwork {
  let trunk: ResNetKeys
  let heads: [LinearHeads.Head]
  /// The trunk's own classifier, where it is there but no head and not before the heads either.
  let unusedClassifier: String?
  /// The trunk's own classifier, where the heads stand behind it.
  let usedClassifier: String?
  /// Whether the last two stages are dilated instead of halved, which no key tells.
  var isDilated = false
  /// A module that would have to be another for the rest to be this network.
  let misfit: LinearHeads.Misfit?

  /// nil where there is no ResNet, no head, or something that is neither.
  init?(_ checkpoint: WeightStore) {
    self.init(near: checkpoint)
    if misfit != nil { return nil }
  }

  /// The same, but one module behind the trunk may be of the wrong shape, or Linear layers of the wrong width.
  init?(near checkpoint: WeightStore) {
    // Most checkpoints are none, which one look at the names tells.
    let ends = ["layer4.0.conv1.weight", "7.0.conv1.weight"]
    guard checkpoint.names.contains(where: { name in ends.contains { name.hasSuffix($0) } }) else { return nil }
    let keys = ModuleKeys(checkpoint)
    guard let trunk = ResNetKeys.find(keys) else { return nil }
    let others = keys.modules.filter { $0.shape.rank > 2 && !trunk.owns($0.key) }
    guard others.count <= 1 else { return nil }
    self.trunk = trunk
    let classifier = "\(trunk.prefix)fc"
    let isTrunk = { (key: String) in trunk.owns(key) || key == classifier }
    let classes = trunk.isSequential ? nil : keys[classifier]?.shape[0]
    var found = LinearHeads(keys, features: trunk.features, isTrunk: isTrunk)
    var isBehind = false
    if let classes, found.heads.isEmpty {
      found = LinearHeads(keys, features: classes, isTrunk: isTrunk)
      isBehind = !found.heads.isEmpty
      if !isBehind { found = LinearHeads(keys, features: trunk.features, isTrunk: trunk.owns) }
    }
    misfit = others.first.map { LinearHeads.Misfit(nonLinear: $0, features: trunk.features) } ?? found.leftOver.first
    guard !found.heads.isEmpty || misfit != nil else { return nil }
    heads = found.heads
    usedClassifier = isBehind ? classifier : nil
    unusedClassifier = classes == nil || isBehind || heads.contains { $0.prefix == classifier } ? nil : classifier
  }

  var notes: [String] {
    [
      "a ResNet of \(trunk.depth.map(String.init) ?? "\(trunk.blocks)") layers under '\(trunk.prefix)'; "
        + "heads \(heads.map { "\($0.name) (\($0.layers.map(\.key).joined(separator: ", ")))" }.joined(separator: ", "))"
    ]
  }

  /// Trunk and all heads that `tasks` ask for, each told by its prefix.
  func blueprint(
    _ input: InputDescription, _ tasks: [TaskDescription], activation: ActivationKind = .relu
  ) -> NetworkBlueprint {
    NetworkBlueprint(input: input, tasks: tasks, notes: notes) { builder, image, wanted throws(MTLError) in
      let features = try self.features(&builder, after: image)
      var outputs: [ValueID] = []
      for task in wanted {
        guard let own = tasks.first(where: { task.isServed(by: $0) }),
          let head = heads.first(where: { $0.prefix == own.prefix })
        else { throw MTLError(.internalFault, task.name, "the task has no head") }
        builder.enter(task.name)
        outputs.append(try head.build(&builder, after: features, activation: activation))
      }
      return outputs
    }
  }

  /// One row for each image.
  func features(_ builder: inout NetworkBuilder, after image: ValueID) throws(MTLError) -> ValueID {
    if let unusedClassifier { builder.skip(unusedClassifier, because: "the heads stand on the features before it") }
    let row = try builder.pooledRow(builder.residual(image, trunk.trunk(isDilated: isDilated)))
    guard let usedClassifier else { return row }
    return try builder.linear(row, usedClassifier)
  }
}

extension LinearHeads.Misfit {
  fileprivate init(nonLinear module: ModuleKeys.Module, features: Int) {
    self.init(key: module.key, expected: "a Linear layer with \(features) inputs", found: module.shape)
  }
}

extension LinearHeads.Head {
  func build(
    _ builder: inout NetworkBuilder, after features: ValueID, activation: ActivationKind
  ) throws(MTLError) -> ValueID {
    var value = features
    for (index, layer) in layers.enumerated() {
      value = try builder.linear(value, layer.key)
      let next = index + 1 < layers.count ? layers[index + 1].key : nil
      let place = next.map { ActivationPlace(behind: layer, before: $0) } ?? .none
      if place == .beforeNorm { value = try builder.activate(value, activation) }
      if let norm = layer.norm { value = try builder.normalize(value, key: norm, epsilon: 1e-5) }
      if place == .last { value = try builder.activate(value, activation) }
    }
    return value
  }
}

/// Where between two layers of a head the activation stands. Modules without weights leave no keys, but in a Sequential they
/// leave a number out: where none is left out, nothing is between.
private enum ActivationPlace {
  case none, beforeNorm, last

  init(behind layer: LinearHeads.Layer, before next: String) {
    let modules = [layer.key] + (layer.norm.map { [$0] } ?? []) + [next]
    let numbers = modules.compactMap { components(of: $0).last.flatMap { Int($0) } }
    let parents = Set(modules.map { components(of: $0).dropLast() })
    guard numbers.count == modules.count, parents.count == 1 else {
      self = .last
      return
    }
    let gaps = zip(numbers, numbers.dropFirst()).map { $1 - $0 > 1 }
    // With a normalisation between, a gap right behind the layer is the activation's.
    self = gaps.count == 2 && gaps[0] ? .beforeNorm : gaps.contains(true) ? .last : .none
  }
}

extension InputDescription {
  /// RGB with ImageNet's mean and deviation.
  static func imageNet(side: Int) -> InputDescription {
    InputDescription(
      width: side, height: side, color: .rgb, mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])
  }
}
