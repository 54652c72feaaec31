import MTLFormats
import MTLGraph

extension LibMTLRecipe.Example {
  var title: String {
    switch self {
    case .nyuv2: "NYUv2 segmentation, depth, normals at 288x384"
    case .cityscapes: "Cityscapes segmentation, inverse depth at 128x256"
    case .office: "Office-31 or Office-Home classes at 224x224"
    }
  }

  var taskNames: [String] {
    switch self {
    case .nyuv2: ["segmentation", "depth", "normal"]
    case .cityscapes: ["segmentation", "depth"]
    case .office: ["amazon", "dslr", "webcam", "Art", "Clipart", "Product", "Real_World"]
    }
  }

  var input: InputDescription {
    switch self {
    case .nyuv2: DenseScene.nyuv2.input(width: 384, height: 288)
    case .cityscapes: DenseScene.cityscapes.input(width: 256, height: 128)
    case .office:
      InputDescription(
        width: 224, height: 224, color: .rgb, mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])
    }
  }
}

extension LibMTLRecipe.Architecture {
  var title: String {
    switch self {
    case .hardSharing: "LibMTL hard parameter sharing"
    case .attention: "LibMTL MTAN"
    case .crossStitch: "LibMTL cross-stitch network"
    case .gatedExperts: "LibMTL multi-gate mixture of experts"
    case .customizedGates: "LibMTL customized gate control"
    case .progressiveExtraction: "LibMTL progressive layered extraction"
    case .selectedExperts: "LibMTL DSelect-k"
    case .branching: "LibMTL learning to branch"
    }
  }

  /// The weight of a task's gate that sees the flattened image, where there are gates.
  func gateKey(of task: String) -> String? {
    switch self {
    case .gatedExperts, .customizedGates: "gate_specific.\(task).0.weight"
    case .progressiveExtraction: "encoder.gate_specific.\(task).0.0.weight"
    case .selectedExperts: "_w_logits.\(task).weight"
    case .hardSharing, .attention, .crossStitch, .branching: nil
    }
  }

  /// Whether a checkpoint has what only this architecture has.
  func isMarked(in checkpoint: WeightStore) -> Bool {
    let top = Set(checkpoint.children(of: ""))
    let encoder = Set(checkpoint.children(of: "encoder") + checkpoint.children(of: "encoder.resnet_network"))
    switch self {
    case .hardSharing: return encoder.contains("conv1")
    case .attention: return encoder.contains("encoder_att")
    case .crossStitch: return encoder.contains("cross_unit")
    case .gatedExperts: return top.contains("gate_specific") && !top.contains("experts_specific")
    case .customizedGates: return top.contains("experts_specific")
    case .progressiveExtraction: return encoder.contains("gate_specific")
    case .selectedExperts: return top.contains("_z_logits")
    case .branching: return encoder.contains("alpha")
    }
  }
}

extension InputDescription {
  /// The same for an image of as many pixels: of the sides given, or else of the same aspect ratio.
  func resized(pixels: Int, width: Int?, height: Int?) throws(MTLError) -> InputDescription {
    let exactHeight = (Double(pixels) * Double(self.height) / Double(self.width)).squareRoot()
    let ownHeight = height ?? width.map { pixels / $0 } ?? Int(exactHeight.rounded())
    let ownWidth = width ?? pixels / max(ownHeight, 1)
    let isOfAspect = width != nil || height != nil || ownWidth * self.height == ownHeight * self.width
    guard ownWidth * ownHeight == pixels, isOfAspect else {
      throw MTLError(
        .shapeMismatch, "width and height", expected: "sides of \(pixels) pixels, for which the gates were trained",
        found: isOfAspect
          ? "\(ownWidth) x \(ownHeight)" : "none, and no size of \(self.width):\(self.height) has as many")
    }
    return InputDescription(
      name: name, width: ownWidth, height: ownHeight, color: color, range: range, mean: mean,
      standardDeviation: standardDeviation, resize: resize, filter: filter)
  }
}

/// Every architecture on both examples of scenes; on Office those whose encoder may be any module.
let libMTLRecipes: [any Recipe] =
  LibMTLRecipe.Architecture.allCases.flatMap { architecture in
    [LibMTLRecipe.Example.nyuv2, .cityscapes].map { LibMTLRecipe(architecture: architecture, example: $0) }
  }
  + [.hardSharing, .attention, .gatedExperts, .customizedGates, .selectedExperts].map {
    LibMTLRecipe(architecture: $0, example: .office)
  }
