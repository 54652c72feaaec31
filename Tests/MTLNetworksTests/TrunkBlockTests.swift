import MTLFormats
import MTLGraph
import TestSupport
import Testing

@testable import MTLNetworks

@Suite("Trunks and heads that a model.json names")
struct TrunkBlockTests {
  /// The fixture with its trunk and MLP, its card's network replaced.
  private func fail(encoder: String, head: String) throws -> MTLError? {
    let text = """
      {"format": 1, "input": {"width": 56, "height": 40},
       "network": {"encoder": [\(encoder)], "heads": {"t": [\(head)]}}}
      """
    let weights = try WeightStore.read(Fixtures.bytes("networks/trunk/weights.pt"), name: "weights")
    return failure { () throws(MTLError) in try LoadedNetwork(card(text), weights: weights) }
  }

  private let trunk = #"{"block": "resnet", "key": "backbone"}"#
  private let pooled = #"{"block": "global_average_pool"}, {"block": "flatten"}"#

  @Test func anotherDepthIsRefused() throws {
    let error = try fail(encoder: #"{"block": "resnet", "key": "backbone", "depth": 50}"#, head: "")
    #expect(error?.kind == .checkpointMismatch)
    #expect(error?.description == "resnet 'backbone': expected depth 50, found 18")
  }

  @Test func aTrunkThatIsElsewhereIsNamed() throws {
    let error = try fail(encoder: #"{"block": "resnet", "key": "net"}"#, head: "")
    #expect(error?.kind == .checkpointMismatch)
    #expect(error?.problem == "expected conv1, bn1 and layer1 to layer4 under it, found one under 'backbone'")
  }

  @Test func otherLayersAreNoChain() throws {
    let wrong = try fail(encoder: trunk, head: #"\#(pooled), {"block": "mlp", "key": "normals"}"#)
    #expect(wrong?.description == "mlp 'normals': expected a chain of Linear layers from 32 features, found none")
    let image = try fail(encoder: trunk, head: #"{"block": "mlp", "key": "age"}"#)
    #expect(image?.description.contains("a row of features") == true)
  }

  @Test func aSliceEndsWithinItsInput() throws {
    let head = #"\#(pooled), {"block": "linear", "key": "packed"}, {"block": "slice", "to": 6}"#
    let error = try fail(encoder: trunk, head: head)
    #expect(error?.kind == .shapeMismatch && error?.description.contains("a part of 0..<5") == true)
  }
}
