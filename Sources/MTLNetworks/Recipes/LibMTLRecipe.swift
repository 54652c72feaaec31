import MTLFormats
import MTLGraph

/// LibMTL's architectures (Lin and Zhang 2023) on the encoders and heads of its examples. Outputs are the decoders' own:
/// what the examples resample, they resample in the trainer.
public struct LibMTLRecipe: Recipe {
  public enum Architecture: String, Sendable, CaseIterable {
    case hardSharing = "hps"
    case attention = "mtan"
    case crossStitch = "cross-stitch"
    case gatedExperts = "mmoe"
    case customizedGates = "cgc"
    case progressiveExtraction = "ple"
    case selectedExperts = "dselect-k"
    case branching = "ltb"
  }

  public enum Example: String, Sendable {
    /// Dilated ResNet and DeepLab heads.
    case nyuv2, cityscapes
    /// ResNet with a hidden layer, and linear classifiers.
    case office
  }

  let architecture: Architecture
  let example: Example

  public var name: String { "libmtl-\(architecture.rawValue)-\(example.rawValue)" }
  public var family: RecipeFamily {
    switch architecture {
    case .hardSharing, .attention: example == .office ? .faces : .dense
    default: .softSharing
    }
  }
  public var summary: String { "\(architecture.title), \(example.title)" }
  public var source: String { "median-research-group/LibMTL, examples/\(example == .nyuv2 ? "nyu" : example.rawValue)" }

  public var parameters: [RecipeParameter] {
    guard architecture.gateKey(of: "") != nil else { return [] }
    var own = [
      RecipeParameter(
        "width", default: "read off", "of the image, where the gates' pixels fit several sizes", decidesFit: true),
      RecipeParameter(
        "height", default: "read off", "of the image, where the gates' pixels fit several sizes", decidesFit: true),
    ]
    if architecture == .selectedExperts {
      own.append(
        RecipeParameter(
          "code_bits", default: "binary",
          "the bits that select experts: 'binary' numbers, or 'ones' as LibMTL computes them with NumPy 2"))
    }
    return own
  }

  public func recognizes(_ checkpoint: WeightStore) -> Bool {
    guard architecture.isMarked(in: checkpoint), let task = checkpoint.children(of: "decoders").first else {
      return false
    }
    let isOffice = example == .office
    guard checkpoint.contains(isOffice ? "decoders.\(task).weight" : "decoders.\(task).0.convs.0.0.weight") else {
      return false
    }
    guard let scene else { return true }
    return scene.fits(classes: checkpoint.children(of: "decoders").compactMap { classes(of: $0, checkpoint) })
  }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    let tasks = tasks(checkpoint)
    let network = LibMTLNetwork(
      architecture: architecture, isOffice: example == .office, tasks: tasks.map(\.name),
      hasBinaryCodes: try hasBinaryCodes(&parameters), branches: try branches(checkpoint, tasks.map(\.name)))
    let input = try input(checkpoint, tasks, &parameters)
    return NetworkBlueprint(input: input, tasks: tasks, notes: network.notes) {
      builder, image, wanted throws(MTLError) in
      builder.skip("loss_scale", because: "it weighs the losses of training")
      let features = try network.features(&builder, image, gateSize: (input.width, input.height))
      return try wanted.map { task throws(MTLError) in
        builder.enter(task.name)
        let index = tasks.firstIndex { task.isServed(by: $0) } ?? 0
        return try head(&builder, features[index], "decoders.\(tasks[index].name)")
      }
    }
  }

  private func head(
    _ builder: inout NetworkBuilder, _ features: ValueID, _ key: String
  ) throws(MTLError) -> ValueID {
    example == .office ? try builder.linear(features, key, bias: true) : try builder.deepLabHead(features, key)
  }

  private var scene: DenseScene? { DenseScene(rawValue: example.rawValue) }

  private func classes(of task: String, _ checkpoint: WeightStore) -> Int? {
    checkpoint.dimension(0, of: example == .office ? "decoders.\(task).bias" : "decoders.\(task).4.bias")
  }

  /// The decoders in the order of training, by which the attention and the trunks of a task are found.
  private func tasks(_ checkpoint: WeightStore) -> [TaskDescription] {
    var names = checkpoint.children(of: "decoders")
    if names.isEmpty { names = example.taskNames }
    // safetensors keeps no order: then the published one holds.
    if checkpoint.formatDescription == "safetensors" {
      let order = example.taskNames
      names.sort { (order.firstIndex(of: $0) ?? order.count) < (order.firstIndex(of: $1) ?? order.count) }
    }
    return names.map { name in
      let prefix = "decoders.\(name)"
      return scene?.task(name, prefix: prefix, classes: classes(of: name, checkpoint))
        ?? TaskDescription(name: name, kind: .classification, prefix: prefix)
    }
  }

  private func input(
    _ checkpoint: WeightStore, _ tasks: [TaskDescription], _ parameters: inout FieldReader
  ) throws(MTLError) -> InputDescription {
    let published = example.input
    guard let key = architecture.gateKey(of: tasks[0].name) else { return published }
    let sides = 1...Window.maximumSide
    let (width, height) = (try parameters.integer("width", in: sides), try parameters.integer("height", in: sides))
    guard let features = checkpoint.dimension(1, of: key) else { return published }
    return try published.resized(pixels: features / 3, width: width, height: height)
  }

  private func hasBinaryCodes(_ parameters: inout FieldReader) throws(MTLError) -> Bool {
    guard architecture == .selectedExperts, let bits = try parameters.string("code_bits") else { return true }
    guard bits == "binary" || bits == "ones" else {
      throw MTLError(.badFormat, "code_bits", expected: "'binary' or 'ones'", found: "'\(bits)'")
    }
    return bits == "binary"
  }

  /// Learning to branch: for each stage whose features each task takes, the likeliest of `alpha`.
  private func branches(_ checkpoint: WeightStore, _ tasks: [String]) throws(MTLError) -> [[Int]] {
    guard architecture == .branching, let shape = checkpoint.shape("encoder.alpha") else { return [] }
    guard shape.dimensions == [6, tasks.count, tasks.count] else {
      throw MTLError(
        .checkpointMismatch, "encoder.alpha", expected: "6x\(tasks.count)x\(tasks.count)", found: "\(shape)")
    }
    let alpha = try checkpoint.float32("encoder.alpha").floats()
    return (1...4).map { row in
      tasks.indices.map { task in
        let start = (row * tasks.count + task) * tasks.count
        return tasks.indices.reduce(0) { alpha[start + $1] > alpha[start + $0] ? $1 : $0 }
      }
    }
  }
}
