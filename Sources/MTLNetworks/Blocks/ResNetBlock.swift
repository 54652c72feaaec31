import MTLGraph

/// A ResNet trunk, its depth and kind of blocks read off the checkpoint:
/// {"block": "resnet", "key": "backbone", "depth": 50, "dilated": false}
///
/// `key` is empty where `conv1` has no prefix. The children of a Sequential (`key.0`, `key.4` ...) are found as well as
/// torchvision's names. `depth`, where it is given, is checked. Dilated, the last two stages keep the size of the second:
/// N x channels x H / 8 x W / 8.
public struct ResNetBlock: Block {
  public static let name = "resnet"
  let key: String
  let depth: Int?
  let isDilated: Bool

  public init(_ fields: inout FieldReader) throws(MTLError) {
    key = try fields.requiredString("key")
    depth = try fields.integer("depth", in: 1...10_000)
    isDilated = try fields.bool("dilated") ?? false
  }

  private var prefix: String { key.isEmpty ? "" : key + "." }

  public var keys: [String] {
    key.isEmpty ? ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"] : [key]
  }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.require(input, rank: 4, for: ResNetBlock.name)
    let modules = ModuleKeys(builder.checkpoint)
    guard let found = ResNetKeys.find(modules, under: prefix) else {
      let other = ResNetKeys.find(modules).map { "one under '\($0.prefix.dropLast())'" }
      throw MTLError(
        .checkpointMismatch, "resnet '\(key)'", expected: "conv1, bn1 and layer1 to layer4 under it",
        found: other ?? "none")
    }
    guard depth == nil || depth == found.depth else {
      let blocks = "\(found.blocks.reduce(0, +)) \(found.isBottleneck ? "bottlenecks" : "basic blocks")"
      throw MTLError(
        .checkpointMismatch, "resnet '\(key)'", expected: "depth \(depth ?? 0)",
        found: found.depth.map { "\($0)" } ?? blocks)
    }
    let classifier = "\(prefix)fc"
    let output = try builder.residual(input, found.trunk(isDilated: isDilated))
    if !found.isSequential { builder.skip(classifier, because: "the trunk ends before its classifier") }
    return output
  }
}

/// DeepLabV3's head: {"block": "deeplab", "key": "decoders.depth", "rates": [12, 24, 36]}
public struct DeepLabBlock: Block {
  public static let name = "deeplab"
  let key: String
  let rates: [Int]

  public init(_ fields: inout FieldReader) throws(MTLError) {
    key = try fields.requiredString("key")
    rates = try fields.integers("rates", in: 1...Window.maximumSide) ?? [12, 24, 36]
  }

  public var keys: [String] { [key] }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.deepLabHead(input, key, rates: rates)
  }
}
