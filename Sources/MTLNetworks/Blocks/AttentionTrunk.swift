import MTLGraph

/// MTAN's trunk (Liu et al. 2019): a ResNet whose stages' last blocks each task looks at through masks of its own.
///
/// A mask sees what comes before the stage's last block, beside the map attended so far, and multiplies what comes behind
/// it. Between stages the attended map passes a block that the tasks share.
struct AttentionTrunk: Sendable {
  let trunk: ResidualTrunk
  /// The key of the masks of a stage for the task of this number.
  let mask: @Sendable (_ stage: Int, _ task: Int) -> String
  /// The key of the shared block behind a stage.
  let sharedBlock: @Sendable (_ stage: Int) -> String
}

extension NetworkBuilder {
  /// The last attended map of each of `taskCount` tasks.
  mutating func attend(
    _ image: ValueID, _ network: AttentionTrunk, taskCount: Int
  ) throws(MTLError) -> [ValueID] {
    let trunk = network.trunk
    var value = try residualStem(image, trunk)
    var attended: [ValueID] = []
    for stage in trunk.stages.indices {
      let last = trunk.stages[stage].count - 1
      let seen = try residualBlocks(value, trunk, stage, 0..<last)
      value = try residualBlocks(seen, trunk, stage, last..<last + 1)
      attended = try (0..<taskCount).map { task throws(MTLError) in
        try attendStage(seen, value, attended.isEmpty ? nil : attended[task], network, stage, task)
      }
    }
    return attended
  }

  private mutating func attendStage(
    _ seen: ValueID, _ value: ValueID, _ before: ValueID?, _ network: AttentionTrunk, _ stage: Int, _ task: Int
  ) throws(MTLError) -> ValueID {
    var inputs = [seen]
    if var before {
      // Stages that keep their size need the attended map as it is.
      if stage >= 2, !network.trunk.isDilated { before = try maxPool(before, kernel: 2, stride: 2) }
      inputs.append(before)
    }
    let mask = try attentionMask(concat(inputs), network.mask(stage, task), channels: channels(of: value))
    var result = try product(mask, value)
    if stage < 3 { result = try residualBlock(result, network.sharedBlock(stage)) }
    return stage == 0 ? try maxPool(result, kernel: 2, stride: 2) : result
  }

  /// Two 1 x 1 convolutions and a sigmoid: `key.0`, `key.1`, `key.3`, `key.4`.
  mutating func attentionMask(
    _ input: ValueID, _ key: String, channels: Int
  ) throws(MTLError) -> ValueID {
    let value = try convolutionNormalized(input, "\(key).0", norm: "\(key).1", kernel: 1, bias: true)
    return try convolutionNormalized(
      value, "\(key).3", norm: "\(key).4", channels: channels, kernel: 1, bias: true, activation: .sigmoid)
  }
}
