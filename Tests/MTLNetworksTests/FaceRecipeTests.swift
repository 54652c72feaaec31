import MTLFormats
import MTLGraph
import TestSupport
import Testing

@testable import MTLNetworks

/// What the recipes of faces read off a checkpoint, and what they say of one that does not fit. That they compute what
/// PyTorch does is tested with all published networks.
@Suite("Faces")
struct FaceRecipeTests: RecipeSuite {
  /// A dilated trunk ends at an eighth of the input's size, where the others end at a thirty-second.
  @Test func trunkMayBeDilated() throws {
    func lastSide(_ fields: String) throws -> Int? {
      let network = try network("faces-resnet", "faces-resnet101-bare", fields)
      let shapes = try network.graph.shapes(for: [[1, 3, 64, 64]])
      let pool = try #require(network.graph.nodes.first { $0.operation is GlobalAveragePool })
      return shapes[pool.inputs[0]]?[2]
    }
    #expect(try lastSide("") == 2)
    #expect(try lastSide(#", "dilated": false"#) == 2)
    #expect(try lastSide(#", "dilated": true"#) == 8)
    #expect(try #require(recipes.first { $0.name == "faces-resnet" }).parameters.map(\.name).contains("dilated"))
  }

  /// The trunk of a network in miniature, with other heads behind its 128 features.
  private func problem(_ heads: KeyValuePairs<String, Shape>) throws -> String {
    var checkpoint = try Checkpoint(copying: store("faces-resnet18-backbone"))
    for tensor in checkpoint.tensors where !tensor.name.hasPrefix("backbone.") { checkpoint.remove(tensor.name) }
    for (name, shape) in heads { checkpoint.add(name, shape) }
    return try LoadedNetwork.strangerProblem(checkpoint.store())
  }

  @Test func aHeadOfTheWrongShapeIsNamed() throws {
    let begin = "fits no built-in network exactly; its keys look like those of 'faces-resnet', but: "
    let notFitting = begin + "the checkpoint does not fit: "
    #expect(
      try problem(["age.weight": [5, 30], "age.bias": [5]])
        == notFitting + "age.weight: expected 32 inputs, the features of the trunk, found 5x30")
    #expect(
      try problem(["race.weight": [4, 32], "race.bias": [4], "age.weight": [5, 32, 1, 1], "age.bias": [5]])
        == notFitting + "age.weight: expected a Linear layer with 32 inputs, found 5x32x1x1")
    #expect(
      try problem(["age.0.weight": [8, 32], "age.0.bias": [8], "age.2.weight": [5, 9], "age.2.bias": [5]])
        == notFitting + "age.2.weight: expected 8 inputs, the outputs of 'age.0', found 5x9")
    #expect(
      try problem(["age.weight": [5, 32], "age.bias": [6]])
        == notFitting + "1 wrong shape: age.bias (expected 5, found 6)")
    // Several modules that are no heads are another network.
    let dense = try problem(["depth.0.weight": [5, 32, 3, 3], "depth.2.weight": [1, 5, 1, 1]])
    #expect(dense.hasPrefix("fits no built-in network; name one of those"))
  }

  /// No activation and no size of the input makes a head fit.
  @Test func onlyWhatMayHelpIsAdvised() throws {
    #expect(try !problem(["age.weight": [5, 32], "age.bias": [6]]).contains("can be set in a model.json"))
    let swin = try LoadedNetwork.strangerProblem(store("swin-timm"))
    #expect(swin.contains("wrong shape: ") && swin.contains("relative_position_bias_table (expected "), "\(swin)")
    #expect(swin.hasSuffix("What keys do not tell can be set in a model.json: image_size"), "\(swin)")
  }
}
