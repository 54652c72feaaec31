import MTLFormats
import MTLGraph

/// The Perceiver of lucidrains/perceiver-pytorch, with its own classifier or with linear heads behind the normalised mean
/// of the latents.
///
/// Tied layers are stored under every layer's keys, so that a tied network needs nothing of its own.
public struct LucidrainsPerceiverRecipe: Recipe {
  /// Whether the recipe is the one of historical documents: the same network under their tasks' names.
  let isForDocuments: Bool

  public var name: String { isForDocuments ? "documents-perceiver" : "perceiver-lucidrains" }
  public var family: RecipeFamily { isForDocuments ? .documents : .transformers }
  public var summary: String {
    isForDocuments
      ? "Historical documents on a Perceiver (perceiver-pytorch): font, script, location, date"
      : "Perceiver of lucidrains/perceiver-pytorch: classifier or linear heads on the mean latent"
  }
  public let source = "arXiv 2103.03206; lucidrains/perceiver-pytorch:perceiver_pytorch/perceiver_pytorch.py"

  public let parameters = [
    RecipeParameter("latent_heads", default: "8", "attention heads between latents", decidesFit: true),
    RecipeParameter("cross_heads", default: "1", "attention heads from latents to pixels", decidesFit: true),
    RecipeParameter("max_freq", default: "10", "largest frequency of the position features"),
    RecipeParameter("inverted", default: "false", "inverted_cross_attn: the latents compete for each pixel"),
  ]

  public func recognizes(_ checkpoint: WeightStore) -> Bool {
    LucidrainsPerceiver(checkpoint) != nil && (!isForDocuments || DocumentTasks.areIn(checkpoint))
  }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    guard recognizes(checkpoint), var trunk = LucidrainsPerceiver(checkpoint),
      let heads = TrunkHeads(checkpoint, classifier: "\(trunk.prefix)to_logits.2")
    else { throw unfitting(checkpoint, "a Perceiver of perceiver-pytorch and a head") }
    trunk.latentHeads.count = try parameters.integer("latent_heads", in: 1...4096) ?? trunk.latentHeads.count
    trunk.crossHeads.count = try parameters.integer("cross_heads", in: 1...4096) ?? trunk.crossHeads.count
    trunk.maximumFrequency = try parameters.number("max_freq") ?? 10
    trunk.isInverted = try parameters.bool("inverted") ?? false
    return NetworkBlueprint(input: .perceiver(trunk.pixels), tasks: heads.heads.map(\.task)) {
      [trunk] builder, image, tasks throws(MTLError) in
      try heads.build(&builder, after: trunk.build(&builder, after: image), tasks)
    }
  }
}

/// Where a checkpoint keeps this Perceiver: before version 0.11 a layer was a list, now it has names.
private struct LucidrainsPerceiver: Sendable {
  let prefix: String
  let depth: Int
  let isNamed: Bool
  let pixels: PerceiverPixels
  var latentHeads = HeadCount(8, "latent_heads")
  var crossHeads = HeadCount(1, "cross_heads")
  var maximumFrequency = 10.0
  var isInverted = false

  init?(_ checkpoint: WeightStore) {
    let endings = ["layers.0.cross_attn.norm_context.weight", "layers.0.0.norm_context.weight"]
    guard let found = endings.firstIndex(where: { checkpoint.prefix(before: $0) != nil }),
      let prefix = checkpoint.prefix(before: endings[found]), checkpoint.contains("\(prefix)latents"),
      let width = checkpoint.dimension(0, of: prefix + endings[found]), let pixels = PerceiverPixels(width: width)
    else { return nil }
    self.prefix = prefix
    self.pixels = pixels
    isNamed = found == 0
    depth = checkpoint.count(of: "\(prefix)layers")
  }

  /// The normalised mean of the latents, N x C.
  func build(_ builder: inout NetworkBuilder, after image: ValueID) throws(MTLError) -> ValueID {
    let context = try builder.withPositions(
      image, FourierPositions(bands: pixels.bands, maximumFrequency: maximumFrequency, order: .axisByAxis))
    var latents = try builder.learnedTokens("\(prefix)latents", like: image)
    for layer in 0..<depth {
      let key = "\(prefix)layers.\(layer)"
      let cross = "\(key).\(isNamed ? "cross_attn" : "0")"
      let answer = try builder.attend(
        latents, to: context, attention(cross), heads: crossHeads, isInverted: isInverted)
      latents = try feedForward(&builder, builder.sum(answer, latents), "\(key).\(isNamed ? "cross_ff" : "1")")
      let own = "\(key).\(isNamed ? "self_attns" : "2")"
      for index in 0..<builder.checkpoint.count(of: own) {
        let answer = try builder.attend(latents, attention("\(own).\(index).0"), heads: latentHeads)
        latents = try feedForward(&builder, builder.sum(answer, latents), "\(own).\(index).1")
      }
    }
    return try builder.layerNormalize(builder.pooledRow(latents), "\(prefix)to_logits.1")
  }

  private func attention(_ key: String) -> AttentionKeys {
    AttentionKeys(
      norm: "\(key).norm", contextNorm: "\(key).norm_context", query: "\(key).fn.to_q",
      memory: .joined("\(key).fn.to_kv"), output: "\(key).fn.to_out")
  }

  private func feedForward(
    _ builder: inout NetworkBuilder, _ latents: ValueID, _ key: String
  ) throws(MTLError) -> ValueID {
    let keys = FeedForwardKeys(norm: "\(key).norm", expand: "\(key).fn.net.0", contract: "\(key).fn.net.2")
    return try builder.feedForward(latents, keys, isGated: true)
  }
}

/// What the width of a Perceiver's pixels tells: channels of the picture, and bands of the position features behind them.
struct PerceiverPixels: Sendable {
  let channels: Int
  let bands: Int

  /// channels + 2 axes x (2 bands + 1), which only one of grey and colour fits.
  init?(width: Int) {
    let channels = (width - 3) % 4 == 0 ? 1 : 3
    let positions = width - channels
    guard positions > 2, (positions - 2) % 4 == 0 else { return nil }
    self.channels = channels
    bands = (positions - 2) / 4
  }
}

extension InputDescription {
  /// Colour as for ImageNet; grey in [-1, 1].
  static func perceiver(_ pixels: PerceiverPixels, side: Int = 224) -> InputDescription {
    guard pixels.channels == 1 else { return .imageNet(Window.Pair(side)) }
    return InputDescription(width: side, height: side, color: .gray, mean: [0.5], standardDeviation: [0.5])
  }
}
