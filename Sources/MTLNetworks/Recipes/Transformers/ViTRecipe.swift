import MTLFormats
import MTLGraph

/// torchvision's Vision Transformer (Dosovitskiy et al., 2021): `class_token`, `conv_proj`, `encoder.*`.
struct ViTTrunk: Sendable {
  let prefix: String
  let depth: Int
  let patch: Int
  let width: Int
  /// Side of the picture that the position embedding is for.
  let side: Int

  /// nil where the checkpoint has none.
  init?(_ checkpoint: WeightStore) {
    guard let prefix = checkpoint.prefix(before: "conv_proj.weight"),
      let patch = checkpoint.dimension(2, of: "\(prefix)conv_proj.weight"),
      let tokens = checkpoint.dimension(1, of: "\(prefix)encoder.pos_embedding"),
      let width = checkpoint.dimension(2, of: "\(prefix)encoder.pos_embedding"), patch > 0, tokens > 1
    else { return nil }
    self.prefix = prefix
    self.patch = patch
    self.width = width
    let names = Set(checkpoint.children(of: "\(prefix)encoder.layers"))
    depth = (0...).first { !names.contains("encoder_layer_\($0)") } ?? 0
    side = ((1...Window.maximumSide).first { $0 * $0 >= tokens - 1 } ?? 1) * patch
  }

  /// Adds the trunk behind an image: the class token, N x C.
  func build(_ builder: inout NetworkBuilder, after image: ValueID, heads: Int) throws(MTLError) -> ValueID {
    let patches = try builder.convolution(image, "\(prefix)conv_proj", kernel: patch, stride: patch, padding: 0)
    let token = try builder.learnedTokens("\(prefix)class_token", like: image)
    var value = try builder.concat([token, builder.tokens(patches)], axis: 3)
    value = try builder.sum(value, builder.tokenMatrix("\(prefix)encoder.pos_embedding"))
    for index in 0..<depth {
      let key = "\(prefix)encoder.layers.encoder_layer_\(index)"
      value = try builder.sum(value, attend(&builder, value, key, heads: heads))
      value = try builder.feedForward(
        value, FeedForwardKeys(norm: "\(key).ln_2", expand: "\(key).mlp.0", contract: "\(key).mlp.3"),
        epsilon: ViTTrunk.epsilon)
    }
    // Normalisation sees each token alone, so only the class token needs it.
    let row = try builder.flatten(builder.slice(value, 0..<1, axis: 3))
    return try builder.layerNormalize(row, "\(prefix)encoder.ln", epsilon: ViTTrunk.epsilon)
  }

  private static let epsilon: Float = 1e-6

  /// PyTorch's MultiheadAttention: the three projections are one matrix of its own name.
  private func attend(
    _ builder: inout NetworkBuilder, _ tokens: ValueID, _ key: String, heads: Int
  ) throws(MTLError) -> ValueID {
    let normalized = try builder.layerNormalize(tokens, "\(key).ln_1", epsilon: ViTTrunk.epsilon)
    let module = "\(key).self_attention"
    let weight = try builder.weight("\(module).in_proj_weight", [3 * width, width], as: [3 * width, width, 1, 1])
    let bias = try builder.weight("\(module).in_proj_bias", [3 * width])
    let joined = try builder.add(Convolution(), key: "\(module).in_proj", [normalized, weight, bias])
    var parts: [ValueID] = []
    for part in 0..<3 { parts.append(try builder.slice(joined, part * width..<(part + 1) * width)) }
    return try builder.projection(builder.add(Attention(heads: heads), key: module, parts), "\(module).out_proj")
  }
}

/// torchvision's ViT with its own classifier or with linear heads, and the ViT of Sohanuzzaman3301/UTKFace_Multitask_ViT.
public struct ViTRecipe: Recipe {
  public enum Form: Sendable {
    case torchvision, utkface
  }

  let form: Form

  public var name: String { form == .utkface ? "utkface-vit" : "vit-torchvision" }
  public var family: RecipeFamily { form == .utkface ? .faces : .transformers }
  public var summary: String {
    form == .utkface
      ? "UTKFace on a Vision Transformer: age in years, gender, race"
      : "Vision Transformer of torchvision: classifier or linear heads on the class token"
  }
  public var source: String {
    form == .utkface ? "Sohanuzzaman3301/UTKFace_Multitask_ViT:facetrait_vit/model.py" : "arXiv 2010.11929; torchvision"
  }
  public let parameters = [
    RecipeParameter("head_width", default: "64", "channels of an attention head", decidesFit: true)
  ]

  public func recognizes(_ checkpoint: WeightStore) -> Bool {
    ViTTrunk(checkpoint) != nil && checkpoint.contains("age_head.3.weight") == (form == .utkface)
  }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    let given = try parameters.integer("head_width", in: 1...65536)
    guard let trunk = ViTTrunk(checkpoint) else { throw unfitting(checkpoint, "torchvision's ViT") }
    let headWidth = given ?? min(64, trunk.width)
    guard trunk.width % headWidth == 0 else {
      throw MTLError(
        .checkpointMismatch, "head_width",
        expected: "a divisor of the \(trunk.width) channels of the tokens; a model.json can set it",
        found: given.map(String.init) ?? "\(headWidth), the default")
    }
    let heads = trunk.width / headWidth
    let size = Window.Pair(trunk.side)
    guard form == .torchvision else {
      let input = InputDescription(
        width: trunk.side, height: trunk.side, color: .rgb, mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5])
      return NetworkBlueprint(input: input, tasks: UTKFaceHeads.tasks) { builder, image, tasks throws(MTLError) in
        try UTKFaceHeads.build(&builder, after: trunk.build(&builder, after: image, heads: heads), tasks)
      }
    }
    guard let own = TrunkHeads(checkpoint, classifier: "\(trunk.prefix)heads.head") else {
      throw unfitting(checkpoint, "a head on torchvision's ViT")
    }
    return NetworkBlueprint(input: .imageNet(size), tasks: own.heads.map(\.task)) {
      builder, image, tasks throws(MTLError) in
      try own.build(&builder, after: trunk.build(&builder, after: image, heads: heads), tasks)
    }
  }
}

/// `{age,gender,race}_head.{0,3}`: two linear layers with a GELU between.
private enum UTKFaceHeads {
  static let tasks = [
    TaskDescription(name: "age", kind: .regression, unit: "years", prefix: "age_head"),
    // One logit: positive is female.
    TaskDescription(name: "gender", kind: .multiLabel, labels: ["female"], prefix: "gender_head"),
    TaskDescription(
      name: "race", kind: .classification, labels: ["White", "Black", "Asian", "Indian", "Others"], prefix: "race_head"),
  ]

  static func build(
    _ builder: inout NetworkBuilder, after row: ValueID, _ wanted: [TaskDescription]
  ) throws(MTLError) -> [ValueID] {
    var outputs: [ValueID] = []
    for task in wanted {
      guard let key = tasks.first(where: { task.isServed(by: $0) })?.prefix else { continue }
      builder.enter(task.name)
      let hidden = try builder.activate(builder.linear(row, "\(key).0"), .gelu)
      outputs.append(try builder.linear(hidden, "\(key).3"))
    }
    return outputs
  }
}
