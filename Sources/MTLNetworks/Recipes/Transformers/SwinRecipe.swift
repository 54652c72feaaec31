import MTLFormats
import MTLGraph

/// A Swin Transformer with its own classifier, with linear heads, or with dense heads on the last map.
///
/// The three code bases agree on the graph but for the edges of small maps; names, buffers and the last normalisation
/// differ. Source: arXiv 2103.14030; microsoft/Swin-Transformer; timm; torchvision.
public struct SwinRecipe: Recipe {
  let codeBase: SwinTrunk.CodeBase

  public var name: String { "swin-\(codeBase.rawValue)" }
  public var family: RecipeFamily { .transformers }
  public var summary: String { "Swin Transformer of \(origin): classifier, linear or dense heads on the last map" }
  public var source: String { "arXiv 2103.14030; \(origin)" }

  private var origin: String {
    switch codeBase {
    case .microsoft: "microsoft/Swin-Transformer (and timm before 0.9)"
    case .timm: "timm 0.9 and later"
    case .torchvision: "torchvision"
    }
  }

  public var parameters: [RecipeParameter] {
    [
      RecipeParameter(
        "image_size", default: "224",
        "rows and columns of the pictures: a number or [rows, columns]"
          + (codeBase == .timm ? "; windows are never larger than the maps of this size" : ""),
        decidesFit: codeBase == .timm)
    ]
  }

  public func recognizes(_ checkpoint: WeightStore) -> Bool { SwinTrunk(checkpoint, codeBase) != nil }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    let size = try parameters.pair("image_size", in: 1...Window.maximumSide) ?? Window.Pair(224)
    let cut = codeBase == .timm ? size : nil
    guard let trunk = SwinTrunk(checkpoint, codeBase, size: cut),
      let heads = TrunkHeads(checkpoint, classifier: trunk.classifier)
    else { throw unfitting(checkpoint, "a Swin trunk in the names of \(origin) and a head") }
    let windows = trunk.windows.map { "\($0.rows)x\($0.columns)" }.joined(separator: ", ")
    return NetworkBlueprint(
      input: input(size, isClassifier: heads.heads.map(\.key) == [trunk.classifier]), tasks: heads.heads.map(\.task),
      notes: ["\(trunk.depths) blocks, windows of \(windows)"]
    ) { builder, image, tasks throws(MTLError) in
      try heads.build(&builder, after: trunk.build(&builder, after: image), tasks)
    }
  }
}

extension Recipe {
  /// The checkpoint is another network's.
  func unfitting(_ checkpoint: WeightStore, _ expected: String) -> MTLError {
    let shown = checkpoint.names.prefix(3).joined(separator: ", ")
    return MTLError(
      .checkpointMismatch, "network '\(name)'", expected: expected,
      found: "\(checkpoint.names.count) tensors: \(shown), ...")
  }
}

extension SwinRecipe {
  /// timm's default for what was trained on ImageNet: bicubic, of which nine tenths are cut out. Heads of one's own, dense
  /// ones above all, see the whole picture.
  private func input(_ size: Window.Pair, isClassifier: Bool) -> InputDescription {
    guard codeBase == .timm else { return .imageNet(size) }
    let shorterSide = min(size.rows, size.columns) * 10 / 9
    return .imageNet(size, resize: isClassifier ? .crop(shorterSide: shorterSide) : .stretch, filter: .bicubic)
  }
}

extension InputDescription {
  /// RGB with ImageNet's mean and standard deviation.
  static func imageNet(
    _ size: Window.Pair, resize: Resize = .stretch, filter: Filter = .bilinear
  ) -> InputDescription {
    InputDescription(
      width: size.columns, height: size.rows, color: .rgb, mean: [0.485, 0.456, 0.406],
      standardDeviation: [0.229, 0.224, 0.225], resize: resize, filter: filter)
  }
}
