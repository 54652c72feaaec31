import MTLGraph

/// What the SegNets of mtan (Liu et al. 2019) compute on their way, by level; levels count from the image down.
struct SegNetMaps {
  /// Of the encoder, after a level's first convolution and after its last one.
  var entries: [ValueID] = []
  var exits: [ValueID] = []
  /// Where each maximum stood that the encoder pooled.
  var indices: [ValueID] = []
  /// Of the decoder, before a level's first convolution and after its last one.
  var unpooled: [ValueID] = []
  var decoded: [ValueID] = []
}

/// SegNet (Badrinarayanan et al. 2017): what the encoder pools, the decoder puts back where it stood.
extension NetworkBuilder {
  /// 3 x 3 convolutions with normalisation and ReLU as one `nn.Sequential`, or as a sequence of those.
  mutating func convolutionChain(_ input: ValueID, _ key: String) throws(MTLError) -> ValueID {
    guard checkpoint.contains("\(key).0.0.weight") else { return try convolutionSequence(input, key) }
    var value = input
    for index in 0..<checkpoint.count(of: key) { value = try convolutionSequence(value, "\(key).\(index)") }
    return value
  }

  private mutating func convolutionSequence(_ input: ValueID, _ key: String) throws(MTLError) -> ValueID {
    var value = input
    var index = 0
    repeat {
      value = try convolutionNormalized(
        value, "\(key).\(index)", norm: "\(key).\(index + 1)", kernel: 3, bias: true)
      index += 3
    } while checkpoint.contains("\(key).\(index).weight")
    return value
  }

  /// The levels that any of these lists has: a list that lacks one is then reported.
  private func levelCount(_ keys: String...) -> Int { max(keys.map { checkpoint.count(of: $0) }.max() ?? 1, 1) }

  /// Halves an image; the second value says where the maxima stood.
  mutating func poolWithIndices(_ input: ValueID) throws(MTLError) -> (values: ValueID, indices: ValueID) {
    let outputs = try addAll(MaxPoolWithIndices(Window(kernel: .init(2), stride: .init(2))), [input])
    return (outputs[0], outputs[1])
  }

  /// The trunk that all tasks share: `encoder_block`, `conv_block_enc`, `decoder_block`, `conv_block_dec`.
  mutating func segNet(_ image: ValueID, prefix: String) throws(MTLError) -> SegNetMaps {
    var maps = SegNetMaps()
    var value = image
    for level in 0..<levelCount("\(prefix)encoder_block", "\(prefix)decoder_block") {
      maps.entries.append(try convolutionChain(value, "\(prefix)encoder_block.\(level)"))
      maps.exits.append(try convolutionChain(maps.entries[level], "\(prefix)conv_block_enc.\(level)"))
      let pooled = try poolWithIndices(maps.exits[level])
      maps.indices.append(pooled.indices)
      value = pooled.values
    }
    (maps.unpooled, maps.decoded) = (maps.exits, maps.exits)
    for level in maps.exits.indices.reversed() {
      maps.unpooled[level] = try add(MaxUnpool(), [value, maps.indices[level], maps.exits[level]])
      value = try convolutionChain(maps.unpooled[level], "\(prefix)decoder_block.\(level)")
      value = try convolutionChain(value, "\(prefix)conv_block_dec.\(level)")
      maps.decoded[level] = value
    }
    return maps
  }

  /// What the masks of one task leave of the trunk; the convolutions behind masks are shared.
  mutating func segNetAttended(_ maps: SegNetMaps, prefix: String, task: Int) throws(MTLError) -> ValueID {
    var attended: ValueID?
    for (level, exit) in maps.exits.enumerated() {
      let source = try concat([maps.entries[level]] + (attended.map { [$0] } ?? []))
      let mask = try attentionMask(
        source, "\(prefix)encoder_att.\(task).\(level)", channels: channels(of: exit))
      let value = try convolutionChain(product(mask, exit), "\(prefix)encoder_block_att.\(level)")
      attended = try maxPool(value, kernel: 2, stride: 2)
    }
    var value = attended ?? maps.exits[0]
    for level in maps.exits.indices.reversed() {
      value = try convolutionChain(
        resize(value, scale: 2, .bilinearAligned), "\(prefix)decoder_block_att.\(level)")
      let mask = try attentionMask(
        concat([maps.unpooled[level], value]), "\(prefix)decoder_att.\(task).\(level)",
        channels: channels(of: maps.decoded[level]))
      value = try product(mask, maps.decoded[level])
    }
    return value
  }
}

/// Forms with a network for each task: `encoder_block_t`, `decoder_block_t`.
extension NetworkBuilder {
  private struct Halves {
    var values: [ValueID] = []
    var indices: [ValueID] = []
    var exits: [ValueID] = []
  }

  /// Each level of all tasks' networks sees one weighted sum of what they had before.
  mutating func segNetCrossStitched(_ image: ValueID, taskCount: Int) throws(MTLError) -> [ValueID] {
    let levels = levelCount("encoder_block_t.0", "decoder_block_t.0")
    let encoderUnit = try weight("cs_unit_encoder", [levels - 1, taskCount])
    let decoderUnit = try weight("cs_unit_decoder", [levels, taskCount])
    var pooled: [Halves] = []
    var features = [ValueID](repeating: image, count: taskCount)
    for level in 0..<levels {
      let input = level == 0 ? image : try stitch(features, encoderUnit, row: level - 1)
      pooled.append(Halves())
      for task in 0..<taskCount {
        let exit = try convolutionChain(input, "encoder_block_t.\(task).\(level)")
        let (values, indices) = try poolWithIndices(exit)
        pooled[level].indices.append(indices)
        pooled[level].exits.append(exit)
        features[task] = values
      }
    }
    for level in (0..<levels).reversed() {
      let input = try stitch(features, decoderUnit, row: levels - 1 - level)
      for task in 0..<taskCount {
        let value = try add(MaxUnpool(), [input, pooled[level].indices[task], pooled[level].exits[task]])
        features[task] = try convolutionChain(value, "decoder_block_t.\(task).\(level)")
      }
    }
    return features
  }

  private mutating func stitch(_ features: [ValueID], _ unit: ValueID, row: Int) throws(MTLError) -> ValueID {
    try weightedSum(slice(unit, row..<row + 1, axis: 0), features)
  }

  /// Each level of a task's network also sees what the shared network has there.
  mutating func segNetDense(_ image: ValueID, taskCount: Int) throws(MTLError) -> [ValueID] {
    let levels = levelCount("encoder_block", "decoder_block", "encoder_block_t.0", "decoder_block_t.0")
    let shared = try denseEncoder(image, "encoder_block", levels, shared: nil)
    let unpooled = try denseDecoder(shared, "decoder_block", shared: nil).unpooled
    return try (0..<taskCount).map { task throws(MTLError) in
      let own = try denseEncoder(image, "encoder_block_t.\(task)", levels, shared: shared)
      return try denseDecoder(own, "decoder_block_t.\(task)", shared: unpooled).output
    }
  }

  private mutating func denseEncoder(
    _ image: ValueID, _ key: String, _ levels: Int, shared: Halves?
  ) throws(MTLError) -> Halves {
    var halves = Halves()
    var value = image
    for level in 0..<levels {
      if level > 0, let shared { value = try concat([value, shared.values[level - 1]]) }
      let exit = try convolutionChain(value, "\(key).\(level)")
      let pooled = try poolWithIndices(exit)
      value = pooled.values
      halves.values.append(value)
      halves.indices.append(pooled.indices)
      halves.exits.append(exit)
    }
    return halves
  }

  private mutating func denseDecoder(
    _ halves: Halves, _ key: String, shared: [ValueID]?
  ) throws(MTLError) -> (output: ValueID, unpooled: [ValueID]) {
    var unpooled = halves.exits
    var value = halves.values[halves.values.count - 1]
    for level in halves.exits.indices.reversed() {
      unpooled[level] = try add(MaxUnpool(), [value, halves.indices[level], halves.exits[level]])
      // Tasks read what the shared decoder unpools: nobody reads what its last convolutions make of the first level.
      if level == 0, shared == nil { break }
      value = try convolutionChain(
        concat([unpooled[level]] + (shared.map { [$0[level]] } ?? [])), "\(key).\(level)")
    }
    return (value, unpooled)
  }
}
