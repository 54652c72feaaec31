import MTLFormats
import MTLGraph
import TestSupport
import Testing

@testable import MTLNetworks

@Suite("Networks of blocks against PyTorch")
struct PyTorchTests {
  private func load(_ name: String) throws -> (network: LoadedNetwork, card: JSONValue) {
    let bytes = try Fixtures.bytes("networks/\(name)/model.json")
    let weights = try WeightStore.read(Fixtures.bytes("networks/\(name)/weights.pt"), name: name)
    let network = try LoadedNetwork(ModelCard(parsing: bytes, name: name), weights: weights)
    return (network, try JSONValue.parse(bytes, of: name))
  }

  @Test(arguments: Fixtures.networks)
  func answersAsPyTorch(_ name: String) throws {
    let (network, _) = try load(name)
    let input = try Fixtures.tensor("networks/\(name)/input.npy")
    for graph in [network.graph, try network.graph.simplified()] {
      let outputs = try graph.evaluate([input])
      #expect(outputs.count == network.tasks.count)
      for (task, output) in zip(network.tasks, outputs) {
        let expected = try Fixtures.tensor("networks/\(name)/expected_\(task.name).npy")
        #expect(output.shape == expected.shape, "\(task.name)")
        let difference = largestDifference(try output.floats(), try expected.floats())
        #expect(difference <= 2e-6, "\(task.name)")
        print("\(name), \(task.name): largest difference of the reference evaluation to PyTorch \(difference)")
      }
    }
  }

  @Test(arguments: Fixtures.networks)
  func saysWhatItIs(_ name: String) throws {
    let (network, card) = try load(name)
    let named = card["tasks"]?.elements?.compactMap { $0["name"]?.string }
    #expect(network.tasks.map(\.name) == named ?? card["network"]?["heads"]?.members?.map(\.name))
    #expect(network.graph.outputs.map(\.name) == network.tasks.map(\.name))
    #expect(network.networkName == "blocks" && network.ignoredKeys.isEmpty)
    #expect(network.input.shape(batch: 2) == (try Fixtures.tensor("networks/\(name)/input.npy").shape))
  }

  @Test func everyBlockIsInAFixture() throws {
    let cards = try Fixtures.networks.map {
      try #require(Fixtures.bytes("networks/\($0)/model.json").utf8).replacing(" ", with: "")
    }
    for type in blockTypes { #expect(cards.contains { $0.contains(#""block":"\#(type.name)""#) }, "\(type.name)") }
  }

  @Test func partsAndTheirCosts() throws {
    let tied = try load("tied").network
    let costs = try tied.graph.costs(for: [tied.input.shape(batch: 1)])
    // 10 filters of 3 x 3 x 3 and their bias, at 4 x 5 places; a 10 to 4 layer for each of the heads that share it.
    #expect(costs[.encoder]?.parameters == 280 && costs[.encoder]?.multiplyAccumulates == 270 * 20)
    #expect(costs[.head(0)]?.parameters == 44 && costs[.head(2)]?.multiplyAccumulates == 40)
    #expect(costs[.head(1)] == nil)
    let shapes = try tied.graph.shapes(for: [tied.input.shape(batch: 3)])
    #expect(tied.graph.outputs.map { shapes[$0.value] } == [[3, 4], [3, 10, 1, 1], [3, 4]])
  }

  @Test func cardChoosesAndOrdersHeads() throws {
    let weights = try WeightStore.read(Fixtures.bytes("networks/every_block/weights.pt"), name: "weights")
    let text = try #require(Fixtures.bytes("networks/every_block/model.json").utf8)
    let tasks = try #require(text.firstRange(of: #""tasks""#))
    let one = String(text[..<tasks.lowerBound]) + #""tasks": [{"name": "score", "kind": "classification"}]}"#
    let network = try LoadedNetwork(try card(one), weights: weights)
    #expect(network.graph.outputs.map(\.name) == ["score"] && network.tasks[0].kind == .classification)
    #expect(network.ignoredKeys.contains("class.0.weight") && network.ignoredKeys.contains("map.1.bias"))
    let wrong = [
      (
        #"{"name": "depth"}"#, MTLError.Kind.notFound,
        "task 'depth': the network has no such head; it has class, map, score"
      ),
      (#"{"name": "map", "prefix": "map"}"#, .notFound, "task 'map' with prefix 'map': the network has no such head"),
      (#"{"name": "map", "kind": "classification"}"#, .shapeMismatch, "task 'map': expected N x classes"),
      (
        #"{"name": "class", "kind": "classification", "labels": ["a"]}"#, .shapeMismatch,
        "expected 4 labels for 4 classes"
      ),
    ]
    for (task, kind, words) in wrong {
      let card = try card(String(text[..<tasks.lowerBound]) + #""tasks": [\#(task)]}"#)
      let error = failure { () throws(MTLError) in try LoadedNetwork(card, weights: weights) }
      #expect(error?.kind == kind && error?.description.contains(words) == true, "\(String(describing: error))")
    }
  }

  /// Another softmax on the output of one would give confidences that are far too low.
  @Test func formFollowsTheLastBlock() throws {
    let flatten = #"{"block": "flatten"}"#
    let softmax = #"\#(flatten), {"block": "softmax"}"#
    let cases: [(blocks: String, output: String, form: TaskDescription.Form)] = [
      (softmax, "null", .probabilities), (flatten, "null", .logits), ("", "null", .logits),
      (#"\#(softmax), {"block": "dropout"}"#, "null", .probabilities),
      (#"\#(softmax), {"block": "activation", "kind": "relu"}"#, "null", .logits),
      (softmax, #""logits""#, .logits), (flatten, #""probabilities""#, .probabilities),
    ]
    for (blocks, output, form) in cases {
      for (encoder, head) in [(blocks, ""), ("", blocks)] {
        let card = try card(
          """
          {"format": 1, "input": {"width": 2, "height": 2}, "tasks": [{"name": "t", "output": \(output)}],
           "network": {"encoder": [\(encoder)], "heads": {"t": [\(head)]}}}
          """)
        #expect(try LoadedNetwork(card, weights: Checkpoint().store()).tasks[0].form == form, "\(blocks), \(output)")
      }
    }
  }

  @Test func blocksNeedAnInput() throws {
    let card = try card(#"{"format": 1, "network": {"encoder": [], "heads": {"t": []}}}"#)
    let error = failure { () throws(MTLError) in try LoadedNetwork(card, weights: Checkpoint().store()) }
    #expect(error?.problem == "a network of blocks needs 'input'")
  }
}
