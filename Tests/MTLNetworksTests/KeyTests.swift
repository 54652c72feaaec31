import MTLFormats
import MTLGraph
import TestSupport
import Testing

@testable import MTLNetworks

@Suite("What keys and shapes say")
struct KeyTests {
  /// The convolutions and norms of a ResNet of width 2; `names` are those of stem, norm and stages.
  private func resnet(_ prefix: String, _ names: [String], blocks: [Int], isBottleneck: Bool) -> Checkpoint {
    var checkpoint = Checkpoint()
    checkpoint.add("\(prefix)\(names[0]).weight", [2, 3, 7, 7])
    checkpoint.add("\(prefix)\(names[1]).weight", [2])
    for (stage, count) in blocks.enumerated() {
      for block in 0..<count {
        for layer in 1...(isBottleneck ? 3 : 2) {
          let channels = (2 << stage) * (layer == 3 ? 4 : 1)
          checkpoint.add("\(prefix)\(names[stage + 2]).\(block).conv\(layer).weight", [channels, 1, 1, 1])
        }
      }
    }
    return checkpoint
  }

  private let named = ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"]
  private let numbered = ["0", "1", "4", "5", "6", "7"]

  private func keys(_ checkpoint: Checkpoint) throws -> ModuleKeys { try ModuleKeys(checkpoint.store()) }

  @Test(arguments: ["", "backbone.", "model.net."])
  func resNetsUnderAnyPrefix(_ prefix: String) throws {
    let found = try #require(
      try ResNetKeys.find(keys(resnet(prefix, named, blocks: [3, 4, 6, 3], isBottleneck: true))))
    #expect(found.prefix == prefix && found.depth == 50 && found.features == 64 && !found.isSequential)
    #expect(found.stem == "\(prefix)conv1" && found.stage(4) == "\(prefix)layer4")
    #expect(found.owns("\(prefix)layer2.0.conv1") && !found.owns("\(prefix)fc"))
  }

  @Test(arguments: [(18, [2, 2, 2, 2], false), (34, [3, 4, 6, 3], false), (101, [3, 4, 23, 3], true)])
  func depthsOfSequentials(_ depth: Int, _ blocks: [Int], _ isBottleneck: Bool) throws {
    let found = try #require(
      try ResNetKeys.find(keys(resnet("encoder.", numbered, blocks: blocks, isBottleneck: isBottleneck))))
    #expect(found.depth == depth && found.isSequential && found.stage(1) == "encoder.4")
  }

  @Test func othersAreNoResNets() throws {
    #expect(try ResNetKeys.find(keys(resnet("", named, blocks: [2, 2, 2, 0], isBottleneck: false))) == nil)
    #expect(
      try ResNetKeys.find(keys(resnet("", numbered, blocks: [1, 1, 1, 1], isBottleneck: false)))?.depth == .some(nil))
    #expect(try ResNetKeys.find(keys(Checkpoint())) == nil)
  }

  /// Heads on 64 features, from keys with their outputs and inputs.
  private func heads(_ layers: KeyValuePairs<String, Shape>) throws -> [LinearHeads.Head] {
    var checkpoint = Checkpoint()
    for (key, shape) in layers {
      checkpoint.add("\(key).weight", shape)
      if shape.rank == 1 { checkpoint.add("\(key).running_mean", shape) }
    }
    return try LinearHeads(keys(checkpoint), features: 64, isTrunk: { $0.hasPrefix("trunk.") }).heads
  }

  @Test func headsAreNamedByWhatTellsThemApart() throws {
    let dictionary = try heads([
      "trunk.fc": [9, 64], "heads.age.0": [8, 64], "heads.age.2": [7, 8], "heads.gender.0": [2, 64],
      "heads.race.0": [8, 64], "heads.race.2": [8, 8], "heads.race.4": [5, 8],
    ])
    #expect(dictionary.map(\.name) == ["age", "gender", "race"] && dictionary.map(\.outputs) == [7, 2, 5])
    #expect(dictionary.map(\.prefix) == ["heads.age", "heads.gender", "heads.race"])
    #expect(dictionary.map(\.layers.count) == [2, 1, 3])
    #expect(
      try heads(["age_head.0": [8, 64], "age_head.3": [1, 8], "race_head.0": [5, 64]]).map(\.name) == [
        "age_head", "race_head",
      ])
    #expect(try heads(["age.fc": [9, 64], "race.fc": [5, 64]]).map(\.name) == ["age", "race"])
    #expect(try heads(["fc": [9, 64]]).map(\.name) == ["fc"])
    #expect(try heads(["fc_a": [9, 64], "fc_b": [5, 64]]).map(\.name) == ["fc_a", "fc_b"])
  }

  @Test func aLayerAsWideAsTheTrunkContinuesItsSibling() throws {
    let nested = try heads([
      "net.fc1.linear": [64, 64], "net.fc1.final": [8, 64], "net.fc2.linear": [64, 64], "net.fc2.final": [1, 64],
    ])
    #expect(nested.map(\.name) == ["fc1", "fc2"] && nested.map(\.layers.count) == [2, 2])
  }

  @Test func batchNormalisationsBelongToTheLayerBefore() throws {
    let head = try heads(["head.0": [8, 64], "head.1": [8], "head.4": [2, 8], "other.0": [3, 64]])
    #expect(head.map(\.name) == ["head", "other"] && head[0].layers.map(\.norm) == ["head.1", nil])
  }

  @Test func layersThatFitNowhereAreLeftOut() throws {
    #expect(try heads(["text.0": [8, 77], "age": [9, 64]]).map(\.name) == ["age"])
    #expect(try heads([:]).isEmpty)
  }
}
