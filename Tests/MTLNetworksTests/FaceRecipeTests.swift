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
}
