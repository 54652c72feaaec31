import MTLFormats
import MTLGraph

/// PerceiverForImageClassification{Learned,Fourier,ConvProcessing} of transformers, or linear heads on the decoded vector.
public struct HuggingFacePerceiverRecipe: Recipe {
  /// How pixels become the tokens that the latents look at.
  public enum Preprocessing: String, Sendable {
    /// A 1 x 1 convolution, and positions that were learned and projected.
    case learned
    /// The pixels themselves and Fourier features.
    case fourier
    /// A 7 x 7 convolution and a pool, and Fourier features.
    case conv
  }

  let preprocessing: Preprocessing

  public var name: String { "perceiver-huggingface-\(preprocessing.rawValue)" }
  public let family = RecipeFamily.transformers
  public var summary: String {
    "Perceiver IO of transformers, \(preprocessing.rawValue) positions: image classifier or linear heads"
  }
  public let source = "arXiv 2107.14795; huggingface/transformers:models/perceiver/modeling_perceiver.py"

  public var parameters: [RecipeParameter] {
    let resolution = RecipeParameter(
      "resolution", default: preprocessing == .conv ? "56" : "224", "max_resolution of the position features")
    return [
      RecipeParameter("blocks", default: "8", "num_blocks: how often the self-attention layers run"),
      RecipeParameter("cross_heads", default: "1", "num_cross_attention_heads", decidesFit: true),
      RecipeParameter("self_heads", default: "8", "num_self_attention_heads", decidesFit: true),
    ] + (preprocessing == .learned ? [] : [resolution])
  }

  public func recognizes(_ checkpoint: WeightStore) -> Bool { HuggingFacePerceiver(checkpoint, preprocessing) != nil }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    guard var trunk = HuggingFacePerceiver(checkpoint, preprocessing),
      let heads = TrunkHeads(checkpoint, classifier: "\(trunk.prefix)decoder.decoder.final_layer")
    else { throw unfitting(checkpoint, "transformers' Perceiver, \(preprocessing.rawValue), and a head") }
    trunk.blocks = try parameters.integer("blocks", in: 1...4096) ?? trunk.blocks
    trunk.crossHeads.count = try parameters.integer("cross_heads", in: 1...4096) ?? trunk.crossHeads.count
    trunk.selfHeads.count = try parameters.integer("self_heads", in: 1...4096) ?? trunk.selfHeads.count
    if preprocessing != .learned {
      trunk.resolution = try parameters.integer("resolution", in: 1...Window.maximumSide) ?? trunk.resolution
    }
    return NetworkBlueprint(
      input: trunk.picture, tasks: heads.heads.map(\.task),
      notes: ["the self-attention layers run \(trunk.blocks) times"]
    ) { [trunk] builder, image, tasks throws(MTLError) in
      try heads.build(&builder, after: trunk.build(&builder, after: image), tasks)
    }
  }
}

extension HuggingFacePerceiver {
  /// PerceiverImageProcessor cuts seven eighths of the shorter side out of the middle, then resizes that; resizing first
  /// differs at the cut alone.
  fileprivate var picture: InputDescription {
    .imageNet(Window.Pair(side), resize: .crop(shorterSide: side * 8 / 7), filter: .bicubic)
  }
}

private struct HuggingFacePerceiver: Sendable {
  /// "perceiver.", behind whatever stands before it.
  let prefix: String
  let preprocessing: HuggingFacePerceiverRecipe.Preprocessing
  let bands: Int
  /// Of the pictures: learned positions are of one size, taken to be square.
  let side: Int
  var blocks = 8
  var crossHeads = HeadCount(1, "cross_heads")
  var selfHeads = HeadCount(8, "self_heads")
  var resolution: Int

  private var input: String { "\(prefix)input_preprocessor" }

  init?(_ checkpoint: WeightStore, _ preprocessing: HuggingFacePerceiverRecipe.Preprocessing) {
    let norm = "encoder.cross_attention.attention.self.layernorm2.weight"
    guard let prefix = checkpoint.prefix(before: "embeddings.latents"),
      let width = checkpoint.dimension(0, of: prefix + norm)
    else { return nil }
    let kept = "\(prefix)input_preprocessor"
    let positions = checkpoint.dimension(0, of: "\(kept).position_embeddings.position_embeddings")
    let convolved = checkpoint.dimension(0, of: "\(kept).convnet.conv.weight")
    switch preprocessing {
    case .learned: guard positions != nil else { return nil }
    case .conv: guard convolved != nil else { return nil }
    case .fourier: guard positions == nil, convolved == nil else { return nil }
    }
    self.prefix = prefix
    self.preprocessing = preprocessing
    bands = max(0, width - (convolved ?? 3) - 2) / 4
    side = (1...Window.maximumSide).first { $0 * $0 >= positions ?? 50176 } ?? 1
    if let positions, side * side != positions { return nil }
    resolution = preprocessing == .conv ? 56 : 224
  }

  /// The decoded vector, N x C.
  func build(_ builder: inout NetworkBuilder, after image: ValueID) throws(MTLError) -> ValueID {
    let context = try self.context(&builder, image)
    var latents = try builder.learnedTokens("\(prefix)embeddings.latents", like: image)
    latents = try layer(&builder, latents, to: context, "\(prefix)encoder.cross_attention", heads: crossHeads)
    let layers = "\(prefix)encoder.self_attends"
    for _ in 0..<blocks {
      for index in 0..<builder.checkpoint.count(of: layers) {
        latents = try layer(&builder, latents, "\(layers).\(index)", heads: selfHeads)
      }
    }
    let decoder = "\(prefix)decoder.decoder"
    let query = try builder.learnedTokens("\(decoder).output_position_encodings.position_embeddings", like: image)
    return try builder.flatten(
      layer(
        &builder, query, to: latents, "\(decoder).decoding_cross_attention", heads: HeadCount(1, "the decoder's heads"))
    )
  }

  private func context(_ builder: inout NetworkBuilder, _ image: ValueID) throws(MTLError) -> ValueID {
    let positions = FourierPositions(bands: bands, maximumFrequency: Double(resolution), order: .positionsFirst)
    switch preprocessing {
    case .fourier:
      return try builder.withPositions(image, positions)
    case .conv:
      let map = try builder.convolutionNormalized(
        image, "\(input).convnet.conv", norm: "\(input).convnet.batchnorm", kernel: 7, stride: 2, bias: false)
      return try builder.withPositions(builder.maxPool(map, kernel: 3, stride: 2), positions)
    case .learned:
      // An image, not a row of tokens: 224 x 224 pixels are more than a convolution's side may have.
      let pixels = try builder.convolution(image, "\(input).convnet_1x1", kernel: 1)
      let learned = try builder.tokenMatrix("\(input).position_embeddings.position_embeddings", rows: side)
      let projected = try builder.projection(learned, "\(input).positions_projection")
      return try builder.concat([pixels, builder.expand(projected, like: image)])
    }
  }

  private func layer(
    _ builder: inout NetworkBuilder, _ tokens: ValueID, to context: ValueID? = nil, _ key: String, heads: HeadCount
  ) throws(MTLError) -> ValueID {
    let module = "\(key).attention.self"
    let keys = AttentionKeys(
      norm: "\(module).layernorm1", contextNorm: "\(module).layernorm2", query: "\(module).query",
      memory: .apart(keys: "\(module).key", values: "\(module).value"), output: "\(key).attention.output.dense")
    let value = try builder.sum(builder.attend(tokens, to: context, keys, heads: heads), tokens)
    return try builder.feedForward(
      value, FeedForwardKeys(norm: "\(key).layernorm", expand: "\(key).mlp.dense1", contract: "\(key).mlp.dense2"))
  }
}
