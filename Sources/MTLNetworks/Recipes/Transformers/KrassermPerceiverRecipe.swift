import MTLFormats
import MTLGraph

/// The image classifier of krasserm/perceiver-io, or linear heads on its decoded vector.
public struct KrassermPerceiverRecipe: Recipe {
  public let name = "perceiver-krasserm"
  public let family = RecipeFamily.transformers
  public let summary = "Perceiver IO of krasserm/perceiver-io: image classifier or linear heads on the decoded vector"
  public let source = "arXiv 2107.14795; krasserm/perceiver-io:perceiver/model"

  public let parameters = [
    RecipeParameter("blocks", default: "8", "num_self_attention_blocks, which share weights", decidesFit: true),
    RecipeParameter(
      "cross_attentions", default: "1, or 2 where later ones have weights", "num_cross_attention_layers",
      decidesFit: true),
    RecipeParameter("cross_heads", default: "1", "attention heads from latents to pixels", decidesFit: true),
    RecipeParameter("self_heads", default: "8", "attention heads between latents", decidesFit: true),
    RecipeParameter("decoder_heads", default: "1", "attention heads of the decoder", decidesFit: true),
  ]

  public func recognizes(_ checkpoint: WeightStore) -> Bool { KrassermPerceiver(checkpoint) != nil }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    guard var trunk = KrassermPerceiver(checkpoint),
      let heads = TrunkHeads(checkpoint, classifier: "\(trunk.prefix)1.output_adapter.linear")
    else { throw unfitting(checkpoint, "an image classifier of perceiver-io and a head") }
    trunk.blocks = try parameters.integer("blocks", in: 1...4096) ?? trunk.blocks
    trunk.crossAttentions = try parameters.integer("cross_attentions", in: 1...4096) ?? trunk.crossAttentions
    trunk.crossHeads.count = try parameters.integer("cross_heads", in: 1...4096) ?? trunk.crossHeads.count
    trunk.selfHeads.count = try parameters.integer("self_heads", in: 1...4096) ?? trunk.selfHeads.count
    trunk.decoderHeads.count = try parameters.integer("decoder_heads", in: 1...4096) ?? trunk.decoderHeads.count
    let notes = ["\(trunk.blocks) blocks of self-attention, \(trunk.crossAttentions) cross-attention(s)"]
    return NetworkBlueprint(
      input: .perceiver(trunk.pixels, side: trunk.side), tasks: heads.heads.map(\.task), notes: notes
    ) { [trunk] builder, image, tasks throws(MTLError) in
      try heads.build(&builder, after: trunk.build(&builder, after: image), tasks)
    }
  }
}

/// Where a checkpoint keeps it: encoder `0`, decoder `1`.
private struct KrassermPerceiver: Sendable {
  let prefix: String
  let pixels: PerceiverPixels
  /// Of the pictures, which are square.
  let side: Int
  var blocks = 8
  var crossAttentions: Int
  var crossHeads = HeadCount(1, "cross_heads")
  var selfHeads = HeadCount(8, "self_heads")
  var decoderHeads = HeadCount(1, "decoder_heads")

  init?(_ checkpoint: WeightStore) {
    guard let prefix = checkpoint.prefix(before: "0.cross_attn_1.0.module.kv_norm.weight"),
      let width = checkpoint.dimension(0, of: "\(prefix)0.cross_attn_1.0.module.kv_norm.weight"),
      let pixels = PerceiverPixels(width: width)
    else { return nil }
    self.prefix = prefix
    self.pixels = pixels
    let count = checkpoint.dimension(0, of: "\(prefix)0.input_adapter.position_encoding.position_encoding") ?? 50176
    side = (1...Window.maximumSide).first { $0 * $0 >= count } ?? 1
    crossAttentions = checkpoint.children(of: "\(prefix)0").contains("cross_attn_n") ? 2 : 1
  }

  /// The decoded vector, N x C.
  func build(_ builder: inout NetworkBuilder, after image: ValueID) throws(MTLError) -> ValueID {
    builder.skip("\(prefix)0.input_adapter", because: "positions are computed for the input's size")
    let context = try builder.withPositions(
      image, FourierPositions(bands: pixels.bands, maximumFrequency: nil, order: .positionsFirst))
    var latents = try builder.learnedTokens("\(prefix)0.latent_provider._query", like: image)
    for block in 0..<blocks {
      if block < crossAttentions {
        latents = try layer(
          &builder, latents, to: context, later("cross_attn", block, builder.checkpoint), heads: crossHeads)
      }
      let own = later("self_attn", block, builder.checkpoint)
      for index in 0..<builder.checkpoint.count(of: own) {
        latents = try layer(&builder, latents, "\(own).\(index)", heads: selfHeads)
      }
    }
    let query = try builder.learnedTokens("\(prefix)1.output_query_provider._query", like: image)
    return try builder.flatten(layer(&builder, query, to: latents, "\(prefix)1.cross_attn", heads: decoderHeads))
  }

  /// Later blocks have weights of their own, `NAME_n`, or share those of the first.
  private func later(_ name: String, _ block: Int, _ checkpoint: WeightStore) -> String {
    let own = "\(prefix)0.\(name)_n"
    return block > 0 && !checkpoint.children(of: own).isEmpty ? own : "\(prefix)0.\(name)_1"
  }

  /// Attention and MLP, each added to its input; `module` is the residual's, without which there is none.
  private func layer(
    _ builder: inout NetworkBuilder, _ tokens: ValueID, to context: ValueID? = nil, _ key: String, heads: HeadCount
  ) throws(MTLError) -> ValueID {
    let norm = context == nil ? "norm" : "q_norm"
    let isResidual = builder.checkpoint.contains("\(key).0.module.\(norm).weight")
    let module = "\(key).0" + (isResidual ? ".module" : "")
    let attention = "\(module).attention"
    var value = try builder.attend(
      tokens, to: context,
      AttentionKeys(
        norm: "\(module).\(norm)", contextNorm: "\(module).kv_norm", query: "\(attention).q_proj",
        memory: .apart(keys: "\(attention).k_proj", values: "\(attention).v_proj"), output: "\(attention).o_proj"),
      heads: heads)
    if isResidual { value = try builder.sum(value, tokens) }
    let mlp = "\(key).1.module"
    return try builder.feedForward(
      value, FeedForwardKeys(norm: "\(mlp).0", expand: "\(mlp).1", contract: "\(mlp).3"))
  }
}
