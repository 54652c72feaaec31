import MTLGraph

/// Where a checkpoint keeps a ResNet of torchvision's form: under its own names (`conv1`, `layer1` ...), or as the children
/// of a Sequential (`0`, `4` ...), behind any prefix.
struct ResNetKeys: Equatable {
  /// "backbone.", or empty.
  let prefix: String
  let isSequential: Bool
  let isBottleneck: Bool
  /// Residual blocks of the four stages.
  let blocks: [Int]
  /// Channels of the last stage.
  let features: Int

  var stem: String { prefix + (isSequential ? "0" : "conv1") }
  var stemNorm: String { prefix + (isSequential ? "1" : "bn1") }
  /// The stage 1, 2, 3 or 4.
  func stage(_ number: Int) -> String { ResNetKeys.stage(number, prefix, isSequential) }

  private static func stage(_ number: Int, _ prefix: String, _ isSequential: Bool) -> String {
    prefix + (isSequential ? "\(number + 3)" : "layer\(number)")
  }

  /// 18, 34, 50, 101 or 152; nil for a ResNet of another depth.
  var depth: Int? {
    switch (isBottleneck, blocks) {
    case (false, [2, 2, 2, 2]): 18
    case (false, [3, 4, 6, 3]): 34
    case (true, [3, 4, 6, 3]): 50
    case (true, [3, 4, 23, 3]): 101
    case (true, [3, 8, 36, 3]): 152
    default: nil
    }
  }

  func trunk(isDilated: Bool = false) -> ResidualTrunk {
    ResidualTrunk(
      stemConvolution: stem, stemNorm: stemNorm,
      stages: (1...4).map { number in (0..<blocks[number - 1]).map { "\(stage(number)).\($0)" } }, isDilated: isDilated)
  }

  /// Whether a module is the trunk's own. The classifier `fc` is not.
  func owns(_ key: String) -> Bool {
    key == stem || key == stemNorm || (1...4).contains { key.hasPrefix(stage($0) + ".") }
  }

  /// The first ResNet of the checkpoint, or the one with this prefix; nil where there is none.
  static func find(_ keys: ModuleKeys, under wanted: String? = nil) -> ResNetKeys? {
    for module in keys.modules where module.shape.rank == 4 {
      let parts = components(of: module.key)
      guard let name = parts.last, name == "conv1" || name == "0" else { continue }
      let prefix = parts.dropLast().map { "\($0)." }.joined()
      guard wanted == nil || wanted == prefix else { continue }
      if let found = ResNetKeys(keys, prefix: prefix, isSequential: name == "0") { return found }
    }
    return nil
  }

  private init?(_ keys: ModuleKeys, prefix: String, isSequential: Bool) {
    let stages = (1...4).map { ResNetKeys.stage($0, prefix, isSequential) }
    let blocks = stages.map { keys.count($0, "conv1") }
    let isBottleneck = keys.contains("\(stages[0]).0.conv3")
    let last = keys["\(stages[3]).0.\(isBottleneck ? "conv3" : "conv2")"]
    guard blocks.allSatisfy({ $0 > 0 }), let last, last.shape.rank == 4 else { return nil }
    self.prefix = prefix
    self.isSequential = isSequential
    self.isBottleneck = isBottleneck
    self.blocks = blocks
    features = last.shape[0]
    guard keys.contains(stemNorm) else { return nil }
  }
}
