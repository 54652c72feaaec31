import TestSupport
import Testing

@testable import MTLGraph

@Suite("Tokens as images") struct TokenRewriterTests {
  /// Whatever stands between them, the outputs stay what they were. That the rewriting has work to do is counted.
  @Test func randomGraphs() throws {
    var found: [String: Int] = [:]
    for seed in 0..<1500 as Range<UInt64> {
      var made = try RandomTokenGraph(seed: seed, steps: 10)
      let rewritten = try made.graph.withTokensAsImages([made.inputShape])
      let input = made.input()
      let (expected, results) = (try made.graph.compute([input]), try rewritten.compute([input]))
      for (one, other) in zip(expected, results) {
        #expect(try other.largestDifference(from: one) <= 1e-3, "seed \(seed)")
      }
      for node in rewritten.nodes {
        found[String(describing: type(of: node.operation)), default: 0] += 1
      }
    }
    for (name, least) in [("Convolution", 150), ("Attention", 40), ("GlobalAveragePool", 20), ("Gather", 20)] {
      #expect(found[name, default: 0] >= least, "\(name) of \(found)")
    }
  }

  /// With roundings here and there. A number in the middle between two of a grid may go either way, so that another input is
  /// tried then.
  @Test func roundedGraphs() throws {
    var (attentions, dropped) = (0, 0)
    for seed in 0..<1500 as Range<UInt64> {
      var made = try RandomTokenGraph(seed: seed, steps: 12, isRounded: true)
      let rewritten = try made.graph.withTokensAsImages([made.inputShape])
      let isSame = try (0..<3).contains { _ in
        let input = made.input()
        let pairs = zip(try made.graph.compute([input]), try rewritten.compute([input]))
        return try pairs.allSatisfy { try $1.largestDifference(from: $0) <= 1e-3 }
      }
      #expect(isSame, "seed \(seed)")
      attentions += rewritten.nodes.count { ($0.operation as? Attention)?.grids.isEmpty == false }
      func count(_ graph: Graph) -> Int { graph.nodes.count { $0.operation is FakeQuantize } }
      if count(rewritten) < count(made.graph) { dropped += 1 }
    }
    #expect(attentions >= 20 && dropped >= 100, "\(attentions) attentions, \(dropped) graphs of fewer roundings")
  }

  /// A transformer's block as exporters write it.
  private static func block(
    _ graph: inout Graph, _ x: ValueID, _ random: inout SeededRandom, _ sizes: (images: Int, tokens: Int, heads: Int)
  ) -> ValueID {
    let (images, tokens, heads) = sizes
    let width = 8 * heads
    let joined = graph.add(MatMul(), name: "qkv", [x, graph.addConstant(random.tensor([width, 3 * width]))])
    let apart = graph.add(Reshape([images, tokens, 3, heads, 8]), name: "apart", [joined])
    let turned = graph.add(Transpose([2, 0, 3, 1, 4]), name: "turned", [apart])
    let parts = (0..<3).map { part in
      graph.add(
        Reshape([images, heads, tokens, 8]), name: "part",
        [graph.add(Slice(axis: 0, start: part, end: part + 1), name: "slice", [turned])])
    }
    // As PyTorch writes its own attention: the root of the scale on both sides.
    let root = graph.addConstant(Tensor([1 / Float(8).squareRoot().squareRoot()], shape: []))
    let queries = graph.add(Mul(), name: "scaled", [parts[0], root])
    let keys = graph.add(
      Mul(), name: "scaled", [graph.add(Transpose([0, 1, 3, 2]), name: "keys", [parts[1]]), root])
    let weights = graph.add(Softmax(), name: "weights", [graph.add(MatMul(), name: "scores", [queries, keys])])
    let answer = graph.add(MatMul(), name: "answer", [weights, parts[2]])
    let back = graph.add(Transpose([0, 2, 1, 3]), name: "back", [answer])
    let rows = graph.add(Reshape([images, tokens, width]), name: "rows", [back])
    return graph.add(Add(), name: "residual", [x, rows])
  }

  @Test(arguments: [1, 2]) func transformer(images: Int) throws {
    var random = SeededRandom(seed: 3)
    var graph = Graph()
    let image = graph.addInput("image")
    let flat = graph.add(Reshape([images, 16, 20]), name: "flat", [image])
    var value = graph.add(Transpose([0, 2, 1]), name: "tokens", [flat])
    let token = graph.addConstant(random.tensor([images, 1, 16]))
    value = graph.add(Concat(axis: 1), name: "class token", [token, value])
    value = graph.add(Add(), name: "positions", [value, graph.addConstant(random.tensor([1, 21, 16]))])
    for _ in 0..<2 { value = TokenRewriterTests.block(&graph, value, &random, (images, 21, 2)) }
    let first = graph.add(Slice(axis: 1, start: 0, end: 1), name: "first", [value])
    graph.addOutput("y", graph.add(Reshape([images, 16]), name: "y", [first]))

    let shape: Shape = [images, 16, 4, 5]
    let special = try graph.specialized(for: [Fact(.float32, shape)]).graph.simplified(for: [shape])
    let names = special.nodes.map(\.operation.name)
    #expect(names.count { $0 == "Attention" } == 2)
    #expect(names.count { $0 == "Conv" } == 2)
    #expect(!names.contains("MatMul") && !names.contains("Transpose") && !names.contains("Softmax"), "\(names)")
    let input = random.tensor(shape)
    let (expected, result) = (try graph.compute([input])[0], try special.compute([input])[0])
    #expect(try result.largestDifference(from: expected) <= 1e-5)
  }

  /// Scores that a bias changes are no plain attention; a wrong axis of the softmax is none.
  @Test func otherScores() throws {
    for (bias, axis) in [(true, -1), (false, 0)] {
      var random = SeededRandom(seed: 5)
      var graph = Graph()
      let image = graph.addInput("image")
      let tokens = graph.add(
        Transpose([0, 2, 1]), name: "tokens", [graph.add(Reshape([1, 4, 12]), name: "flat", [image])])
      let keys = graph.add(Transpose([0, 2, 1]), name: "keys", [tokens])
      var scores = graph.add(MatMul(), name: "scores", [tokens, keys])
      if bias { scores = graph.add(Add(), name: "bias", [scores, graph.addConstant(random.tensor([12, 12]))]) }
      let weights = graph.add(Softmax(axis: axis), name: "weights", [scores])
      graph.addOutput("y", graph.add(MatMul(), name: "y", [weights, tokens]))
      let rewritten = try graph.withTokensAsImages([[1, 4, 3, 4]])
      #expect(!rewritten.nodes.contains { $0.operation is Attention && axis == 0 })
      let input = random.tensor([1, 4, 3, 4])
      let (expected, result) = (try graph.compute([input])[0], try rewritten.compute([input])[0])
      #expect(try result.largestDifference(from: expected) <= 1e-5)
    }
  }

  /// PyTorch's `pixel_shuffle`, and TensorFlow's order of channels.
  @Test(arguments: [DepthToSpace.Order.crd, .dcr]) func pixelShuffle(order: DepthToSpace.Order) throws {
    var random = SeededRandom(seed: 8)
    var graph = Graph()
    let image = graph.addInput("image")
    let apart = graph.add(
      Reshape(order == .crd ? [2, 3, 2, 2, 4, 5] : [2, 2, 2, 3, 4, 5]), name: "apart", [image])
    let turned = graph.add(
      Transpose(order == .crd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]), name: "turned", [apart])
    graph.addOutput("y", graph.add(Reshape([2, 3, 8, 10]), name: "y", [turned]))
    let rewritten = try graph.withTokensAsImages([[2, 12, 4, 5]])
    #expect(rewritten.nodes.map(\.operation.name) == ["DepthToSpace"])
    let input = random.tensor([2, 12, 4, 5])
    let (expected, result) = (try graph.compute([input])[0], try rewritten.compute([input])[0])
    #expect(try result.largestDifference(from: expected) == 0)
  }
}
