import MTLFormats
import MTLGraph

/// The part of a LibMTL network before its decoders.
struct LibMTLNetwork: Sendable {
  let architecture: LibMTLRecipe.Architecture
  let isOffice: Bool
  /// In the order of training.
  let tasks: [String]
  let hasBinaryCodes: Bool
  /// For each stage whose features each task's stage takes; of learning to branch.
  let branches: [[Int]]

  var notes: [String] {
    switch architecture {
    case .crossStitch: return ["the last row of 'encoder.cross_unit' is in no forward of LibMTL"]
    case .selectedExperts where !hasBinaryCodes: return ["all bits of the experts' codes are taken as ones"]
    case .branching:
      return ["LibMTL samples branches from 'encoder.alpha' in every forward; here the likeliest is taken"]
        + branches.enumerated().map { stage, sources in
          let choices = sources.enumerated().map { "\(tasks[$0]) from \(tasks[$1])" }.joined(separator: ", ")
          return "stage \(stage + 1) of \(choices)"
        }
    default: return []
    }
  }

  /// What each task's decoder sees. Gates see images of `gateSize` only.
  func features(
    _ builder: inout NetworkBuilder, _ image: ValueID, gateSize: (width: Int, height: Int)
  ) throws(MTLError) -> [ValueID] {
    switch architecture {
    case .hardSharing:
      let value = try encoder(&builder, image, "encoder")
      return tasks.map { _ in value }
    case .attention: return try attended(&builder, image)
    case .crossStitch: return try crossStitched(&builder, image)
    case .branching: return try branched(&builder, image)
    case .gatedExperts, .customizedGates, .selectedExperts:
      return try gated(&builder, image, gateImage(&builder, image, gateSize))
    case .progressiveExtraction: return try extracted(&builder, image, gateImage(&builder, image, gateSize))
    }
  }

  private func gateImage(
    _ builder: inout NetworkBuilder, _ image: ValueID, _ size: (width: Int, height: Int)
  ) throws(MTLError) -> ValueID {
    try builder.add(FixedSize(rows: size.height, columns: size.width, reason: "gates"), key: "image for gates", [image])
  }

  /// A whole encoder under a key: an expert, or the shared one.
  private func encoder(_ builder: inout NetworkBuilder, _ image: ValueID, _ key: String) throws(MTLError) -> ValueID {
    let prefix = isOffice ? "\(key).resnet_network." : "\(key)."
    let trunk = ResidualTrunk(builder.checkpoint, prefix: prefix, isDilated: !isOffice)
    let map = try builder.residual(image, trunk)
    return isOffice ? try hidden(&builder, map, key) : map
  }

  /// What follows the Office example's trunk: pool, linear layer, normalisation.
  private func hidden(_ builder: inout NetworkBuilder, _ map: ValueID, _ key: String) throws(MTLError) -> ValueID {
    let row = try builder.linear(builder.pooledRow(map), "\(key).hidden_layer.0", bias: true)
    return try builder.activate(builder.normalize(row, key: "\(key).hidden_layer.1", epsilon: 1e-5), .relu)
  }

  private func attended(_ builder: inout NetworkBuilder, _ image: ValueID) throws(MTLError) -> [ValueID] {
    let key = isOffice ? "encoder.resnet_network" : "encoder"
    let checkpoint = builder.checkpoint
    let stages = (0..<4).map { stage -> [String] in
      let body = "\(key).shared_layer.\(stage).0"
      return (0..<checkpoint.count(of: body)).map { "\(body).\($0)" } + ["\(key).shared_layer.\(stage).1"]
    }
    let trunk = ResidualTrunk(
      stemConvolution: "\(key).shared_conv.0", stemNorm: "\(key).shared_conv.1", stages: stages, isDilated: !isOffice)
    let network = AttentionTrunk(
      trunk: trunk, mask: { "\(key).encoder_att.\($0).\($1)" }, sharedBlock: { "\(key).encoder_block_att.\($0)" })
    let maps = try builder.attend(image, network, taskCount: tasks.count)
    guard isOffice else { return maps }
    return try maps.map { map throws(MTLError) in try hidden(&builder, map, "encoder") }
  }

  /// Experts that all see the image, mixed by each task's gate.
  private func gated(
    _ builder: inout NetworkBuilder, _ image: ValueID, _ gateImage: ValueID
  ) throws(MTLError) -> [ValueID] {
    let shared = try experts(&builder, image, "experts_shared")
    return try tasks.map { task throws(MTLError) in
      let own = architecture == .customizedGates ? try experts(&builder, image, "experts_specific.\(task)") : []
      let weights =
        architecture == .selectedExperts
        ? try selection(&builder, gateImage, task, experts: shared.count)
        : try builder.gate(gateImage, "gate_specific.\(task)", experts: shared.count + own.count)
      return try builder.weightedSum(weights, shared + own)
    }
  }

  private func experts(_ builder: inout NetworkBuilder, _ image: ValueID, _ key: String) throws(MTLError) -> [ValueID] {
    try (0..<max(builder.checkpoint.count(of: key), 1)).map { index throws(MTLError) in
      try encoder(&builder, image, "\(key).\(index)")
    }
  }

  private func selection(
    _ builder: inout NetworkBuilder, _ gateImage: ValueID, _ task: String, experts: Int
  ) throws(MTLError) -> ValueID {
    let bits = experts > 1 ? Int.bitWidth - (experts - 1).leadingZeroBitCount : 0
    let codes = (0..<experts).map { expert in
      (0..<bits).reversed().map { !hasBinaryCodes || expert >> $0 & 1 == 1 }
    }
    return try builder.selection(
      builder.flatten(gateImage), bits: "_z_logits.\(task)", weights: "_w_logits.\(task)", codes: codes)
  }
}
