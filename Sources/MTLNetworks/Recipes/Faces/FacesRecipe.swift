import MTLFormats
import MTLGraph

/// The general one comes last.
let faceRecipes: [any Recipe] = [
  FairFaceRecipe(), UTKFaceRecipe(form: .hydraNet), UTKFaceRecipe(form: .split), FacesRecipe(),
]

/// A ResNet under any prefix with heads of Linear layers under any names: what most people save who train several
/// attributes of one face, garment or leaf.
struct FacesRecipe: Recipe {
  let name = "faces-resnet"
  let family = RecipeFamily.faces
  let summary = "ResNet-18 to 152 with heads of Linear layers, found by their keys, 224x224"
  let source = "torchvision's ResNet; heads as nn.Linear, nn.Sequential or nn.ModuleDict"
  let parameters = [
    RecipeParameter("activation", default: "relu", "between the layers of a head"),
    RecipeParameter("size", default: "224", "width and height of the input"),
    RecipeParameter(
      "dilated", default: "false", "true for replace_stride_with_dilation=[False, True, True]: the keys are the same"),
  ]

  func recognizes(_ checkpoint: WeightStore) -> Bool { FaceNetwork(near: checkpoint) != nil }

  func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    let activation: ActivationKind = try parameters.choice("activation") ?? .relu
    let side = try parameters.integer("size", in: 1...Window.maximumSide) ?? 224
    let isDilated = try parameters.bool("dilated") ?? false
    guard var network = FaceNetwork(near: checkpoint) else {
      throw mismatch("a ResNet (conv1, bn1, layer1 to layer4) and heads of Linear layers, and nothing else", checkpoint)
    }
    if let misfit = network.misfit {
      throw MTLError(
        .checkpointMismatch, "\(misfit.key).weight", expected: misfit.expected, found: "\(misfit.found)")
    }
    network.isDilated = isDilated
    let tasks = network.heads.map { head in
      TaskDescription(name: head.name, kind: head.outputs > 1 ? .classification : .raw, prefix: head.prefix)
    }
    return network.blueprint(.imageNet(side: side), tasks, activation: activation)
  }
}

extension Recipe {
  /// The checkpoint is not this network's, which shows before anything can be built.
  func mismatch(_ expected: String, _ checkpoint: WeightStore) -> MTLError {
    let first = checkpoint.names.prefix(4).joined(separator: ", ")
    return MTLError(
      .checkpointMismatch, "network '\(name)'",
      "the checkpoint does not fit: expected \(expected), found \(checkpoint.names.count) tensors, \(first) and so on")
  }
}
