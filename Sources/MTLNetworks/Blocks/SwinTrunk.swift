import MTLFormats
import MTLGraph

/// Where a checkpoint keeps a Swin Transformer (Liu et al., 2021), in the names of one of three code bases.
struct SwinTrunk: Sendable {
  enum CodeBase: String, Sendable {
    case microsoft, timm, torchvision
  }

  let codeBase: CodeBase
  /// "encoder.", or empty.
  let prefix: String
  /// timm's `features_only` writes "layers_0" for "layers.0" and has no last normalisation.
  let isFeaturesOnly: Bool
  /// Blocks of each stage.
  let depths: [Int]
  /// Rows and columns of a window for each stage.
  let windows: [Window.Pair]

  /// nil where the checkpoint has no Swin of this code base.
  ///
  /// - Parameter size: rows and columns of the pictures that the network was made for: timm's windows are never larger
  ///   than the map, so that the tables of small maps are not square.
  init?(_ checkpoint: WeightStore, _ codeBase: CodeBase, size: Window.Pair? = nil) {
    let embedding = codeBase == .torchvision ? "features.0.0.weight" : "patch_embed.proj.weight"
    guard let prefix = checkpoint.prefix(before: embedding) else { return nil }
    self.prefix = prefix
    self.codeBase = codeBase
    isFeaturesOnly = checkpoint.contains("\(prefix)layers_0.blocks.0.norm1.weight")
    let isJoined = isFeaturesOnly
    depths = (0...).lazy.map { stage in
      checkpoint.count(of: SwinTrunk.blocks(stage, codeBase, prefix, isJoined))
    }.prefix { $0 > 0 }.map { $0 }
    let mergesAfter = checkpoint.contains("\(prefix)layers.0.downsample.reduction.weight")
    guard !depths.isEmpty, mergesAfter == (codeBase == .microsoft) else { return nil }
    var windows: [Window.Pair] = []
    for stage in depths.indices {
      let key = "\(SwinTrunk.blocks(stage, codeBase, prefix, isJoined)).0.attn.relative_position_bias_table"
      guard let count = checkpoint.dimension(0, of: key) else { return nil }
      let map = size.map { Window.Pair(SwinTrunk.side($0.rows, stage), SwinTrunk.side($0.columns, stage)) }
      windows.append(SwinTrunk.window(tableCount: count, first: windows.first, map: map))
    }
    self.windows = windows
  }

  /// Pixels along an axis of a stage's map: a quarter, then rounded halves.
  private static func side(_ pixels: Int, _ stage: Int) -> Int { (pixels / 4 + (1 << stage) - 1) >> stage }

  /// The window whose relative positions fill a table of so many rows: square, or cut by the map.
  private static func window(tableCount: Int, first: Window.Pair?, map: Window.Pair?) -> Window.Pair {
    if let first, let map {
      let cut = Window.Pair(min(first.rows, map.rows), min(first.columns, map.columns))
      if (2 * cut.rows - 1) * (2 * cut.columns - 1) == tableCount { return cut }
    }
    return Window.Pair((1...256).first { (2 * $0 - 1) * (2 * $0 - 1) >= tableCount } ?? 256)
  }

  private static func blocks(_ stage: Int, _ codeBase: CodeBase, _ prefix: String, _ isJoined: Bool) -> String {
    switch codeBase {
    case .torchvision: "\(prefix)features.\(2 * stage + 1)"
    case .microsoft, .timm: "\(prefix)layers\(isJoined ? "_" : ".")\(stage).blocks"
    }
  }

  private func block(_ stage: Int, _ index: Int) -> String {
    "\(SwinTrunk.blocks(stage, codeBase, prefix, isFeaturesOnly)).\(index)"
  }

  /// The merging of patches in front of a stage.
  private func merging(before stage: Int) -> String {
    switch codeBase {
    case .microsoft: "\(prefix)layers.\(stage - 1).downsample"
    case .timm: "\(prefix)layers\(isFeaturesOnly ? "_" : ".")\(stage).downsample"
    case .torchvision: "\(prefix)features.\(2 * stage)"
    }
  }

  /// The classifier that the published class has of its own.
  var classifier: String { prefix + (codeBase == .timm ? "head.fc" : "head") }
}

extension SwinTrunk {
  /// Adds the trunk behind an image: its last map, N x C x H / 32 x W / 32.
  func build(_ builder: inout NetworkBuilder, after image: ValueID) throws(MTLError) -> ValueID {
    let isTorchvision = codeBase == .torchvision
    let embedding = prefix + (isTorchvision ? "features.0.0" : "patch_embed.proj")
    var value = try builder.convolution(image, embedding, kernel: 4, stride: 4, padding: 0)
    value = try builder.layerNormalize(value, prefix + (isTorchvision ? "features.0.2" : "patch_embed.norm"))
    for stage in depths.indices {
      if stage > 0 { value = try merge(&builder, value, merging(before: stage)) }
      for index in 0..<depths[stage] {
        value = try addBlock(&builder, value, block(stage, index), windows[stage], isShifted: index % 2 == 1)
      }
    }
    return isFeaturesOnly ? value : try builder.layerNormalize(value, "\(prefix)norm")
  }

  private func merge(_ builder: inout NetworkBuilder, _ input: ValueID, _ key: String) throws(MTLError) -> ValueID {
    let quarters = try builder.add(SpaceToDepth(), key: key, [input])
    return try builder.projection(builder.layerNormalize(quarters, "\(key).norm"), "\(key).reduction", bias: false)
  }

  private func addBlock(
    _ builder: inout NetworkBuilder, _ input: ValueID, _ key: String, _ window: Window.Pair, isShifted: Bool
  ) throws(MTLError) -> ValueID {
    let normalized = try builder.layerNormalize(input, "\(key).norm1")
    let attended = try attend(&builder, normalized, "\(key).attn", window, isShifted)
    let value = try builder.sum(input, builder.projection(attended, "\(key).attn.proj"))
    let reason = "it is made anew for the input's size"
    for buffer in ["attn_mask", "attn.relative_position_index"] { builder.skip("\(key).\(buffer)", because: reason) }
    let (expand, contract) = codeBase == .torchvision ? ("mlp.0", "mlp.3") : ("mlp.fc1", "mlp.fc2")
    return try builder.feedForward(
      value, FeedForwardKeys(norm: "\(key).norm2", expand: "\(key).\(expand)", contract: "\(key).\(contract)"))
  }

  private func attend(
    _ builder: inout NetworkBuilder, _ input: ValueID, _ key: String, _ window: Window.Pair, _ isShifted: Bool
  ) throws(MTLError) -> ValueID {
    let table = "\(key).relative_position_bias_table"
    let operation = WindowAttention(
      heads: builder.checkpoint.dimension(1, of: table) ?? 1, window: window,
      shift: isShifted ? Window.Pair(window.rows / 2, window.columns / 2) : Window.Pair(0), edges: edges)
    let joined = try builder.projection(input, "\(key).qkv")
    guard builder.channels(of: joined) % (3 * operation.heads) == 0 else {
      throw MTLError(
        .checkpointMismatch, "\(table), its second size, the number of heads",
        expected: "a divisor of a third of the \(builder.channels(of: joined)) channels of '\(key).qkv'",
        found: "\(operation.heads)")
    }
    let bias = try biases(&builder, table, operation)
    let count = builder.channels(of: joined)
    let padding =
      builder.checkpoint.contains("\(key).qkv.bias")
      ? try builder.weight("\(key).qkv.bias", [count])
      : builder.constant([Float](repeating: 0, count: count), [count])
    return try builder.add(operation, key: key, [joined, bias, padding])
  }

  private var edges: WindowAttention.Edges {
    switch codeBase {
    case .microsoft: .paddedFirstOrWhole
    case .timm: .rolledFirst
    case .torchvision: .paddedFirst
    }
  }

  /// The table has a row for each distance between two pixels of a window, rows first: spread out to every pair.
  private func biases(
    _ builder: inout NetworkBuilder, _ key: String, _ operation: WindowAttention
  ) throws(MTLError) -> ValueID {
    let (heads, tokens, window) = (operation.heads, operation.tokenCount, operation.window)
    let width = 2 * window.columns - 1
    let shape: Shape = [heads, tokens, tokens]
    return try builder.weight(key, [(2 * window.rows - 1) * width, heads], as: shape) { table in
      (0..<shape.elementCount).map { element in
        let (head, pair) = element.quotientAndRemainder(dividingBy: tokens * tokens)
        let (query, key) = pair.quotientAndRemainder(dividingBy: tokens)
        let rows = query / window.columns - key / window.columns + window.rows - 1
        let columns = query % window.columns - key % window.columns + window.columns - 1
        return table[(rows * width + columns) * heads + head]
      }
    }
  }
}
