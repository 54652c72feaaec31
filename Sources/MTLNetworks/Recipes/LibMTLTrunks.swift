import MTLFormats
import MTLGraph

/// Architectures with a trunk for each task, whose stages see the features of others.
extension LibMTLNetwork {
  private typealias Mixture = (
    _ builder: inout NetworkBuilder, _ features: [ValueID], _ stage: Int
  ) throws(MTLError) -> [ValueID]

  /// - Parameter mixture: what each task's stage sees, of all features before it.
  private func parallel(
    _ builder: inout NetworkBuilder, _ image: ValueID, _ mixture: Mixture
  ) throws(MTLError) -> [ValueID] {
    let checkpoint = builder.checkpoint
    let trunks = tasks.indices.map { task in
      let stem = "encoder.resnet_conv.\(tasks[task])"
      return ResidualTrunk(
        stemConvolution: "\(stem).0", stemNorm: "\(stem).1",
        stages: (0..<4).map { ResidualTrunk.blocks(checkpoint, "encoder.resnet_layer.\($0).\(task)") }, isDilated: true)
    }
    var features = try trunks.map { trunk throws(MTLError) in try builder.residualStem(image, trunk) }
    for stage in 0..<4 {
      let inputs = try mixture(&builder, features, stage)
      features = try trunks.indices.map { task throws(MTLError) in
        try builder.residualStage(inputs[task], trunks[task], stage)
      }
    }
    return features
  }

  func crossStitched(_ builder: inout NetworkBuilder, _ image: ValueID) throws(MTLError) -> [ValueID] {
    let count = tasks.count
    // LibMTL up to 1.1.5 has one weight for each source, later commits one for each pair of tasks.
    let isSquare = builder.checkpoint.shape("encoder.cross_unit")?.rank == 3
    let unit = try builder.weight(
      "encoder.cross_unit", isSquare ? [4, count, count] : [4, count], as: [isSquare ? 4 * count : 4, count])
    return try parallel(&builder, image) { builder, features, stage throws(MTLError) in
      guard stage > 0 else { return features }
      let rows = isSquare ? (stage - 1) * count..<stage * count : stage - 1..<stage
      let mixed = try rows.map { row throws(MTLError) in
        try builder.weightedSum(builder.slice(unit, row..<row + 1, axis: 0), features)
      }
      return isSquare ? mixed : features.map { _ in mixed[0] }
    }
  }

  func branched(_ builder: inout NetworkBuilder, _ image: ValueID) throws(MTLError) -> [ValueID] {
    if branches.isEmpty { _ = try builder.weight("encoder.alpha", [6, tasks.count, tasks.count]) }
    builder.skip("encoder.alpha", because: "the branches are chosen")
    return try parallel(&builder, image) { _, features, stage throws(MTLError) in
      branches.isEmpty ? features : branches[stage].map { features[$0] }
    }
  }

  /// Experts of every level see what the task's gates made of the level before.
  func extracted(
    _ builder: inout NetworkBuilder, _ image: ValueID, _ gateImage: ValueID
  ) throws(MTLError) -> [ValueID] {
    // The first level sees the same image for every task, so that its shared experts run once.
    let common = try levelExperts(&builder, image, "encoder.shared_layer", 0, "")
    return try tasks.map { task throws(MTLError) in
      var value = image
      for level in 0...4 {
        let shared = level == 0 ? common : try levelExperts(&builder, value, "encoder.shared_layer", level, "")
        let own = try levelExperts(&builder, value, "encoder.specific_layer", level, ".\(task)")
        let weights = try builder.gate(
          level == 0 ? gateImage : value, "encoder.gate_specific.\(task).\(level)", experts: shared.count + own.count)
        value = try builder.weightedSum(weights, shared + own)
      }
      return value
    }
  }

  /// One level of the experts under `key.level.suffix`: the stem, or a stage.
  private func levelExperts(
    _ builder: inout NetworkBuilder, _ input: ValueID, _ key: String, _ level: Int, _ suffix: String
  ) throws(MTLError) -> [ValueID] {
    let checkpoint = builder.checkpoint
    return try (0..<max(checkpoint.count(of: "\(key).\(level)\(suffix)"), 1)).map { expert throws(MTLError) in
      let stem = "\(key).0\(suffix).\(expert)"
      let trunk = ResidualTrunk(
        stemConvolution: "\(stem).0", stemNorm: "\(stem).1",
        stages: (1...4).map { ResidualTrunk.blocks(checkpoint, "\(key).\($0)\(suffix).\(expert)") }, isDilated: true)
      return level == 0
        ? try builder.residualStem(input, trunk) : try builder.residualStage(input, trunk, level - 1)
    }
  }
}
