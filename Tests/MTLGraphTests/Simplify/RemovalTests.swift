import TestSupport
import Testing

@testable import MTLGraph

@Suite("Nodes that are taken out") struct RemovalTests {
  @Test func passThrough() throws {
    var random = SeededRandom(seed: 1)
    var graph = Graph()
    let input = graph.addInput("x")
    let early = graph.add(Dropout(), name: "early", [graph.add(Identity(), name: "identity", [input])])
    let layer = graph.add(Relu(), name: "relu", [early])
    graph.addOutput("y", graph.add(Dropout(), name: "late", [layer]))
    graph.addOutput("input itself", early)
    let after = try graph.simplified()
    #expect(after.names == ["relu"])
    #expect(after.nodes[0].inputs == [input])
    #expect(after.outputs == [Port(name: "y", value: layer), Port(name: "input itself", value: input)])
    let x = random.tensor([3, 4])
    let results = try after.evaluate([x])
    #expect(try results[1].floats() == x.floats())
    #expect(try results[0].floats() == graph.evaluate([x])[0].floats())
  }

  @Test func batchNormalizationIsFoldedAcrossPassThrough() throws {
    var random = SeededRandom(seed: 2)
    var graph = Graph()
    let layer = graph.convolution("layer", graph.addInput("x"), 2, 3, &random)
    let dropped = graph.add(Dropout(), name: "dropout", [layer])
    graph.addOutput("y", graph.normalization("norm", dropped, 3, &random))
    #expect(try graph.simplified().names == ["layer"])
  }

  @Test func deadNodesAndTheirWeights() throws {
    var random = SeededRandom(seed: 3)
    var graph = Graph()
    let input = graph.addInput("x")
    let trunk = graph.convolution("trunk", input, 2, 3, &random)
    let dead = graph.convolution("dead", trunk, 3, 3, bias: true, &random)
    _ = graph.add(Relu(), name: "also dead", [dead])
    _ = graph.addConstant(random.tensor([1000]))
    graph.addOutput("y", trunk)
    let after = try graph.simplified()
    #expect(after.names == ["trunk"])
    #expect(Set(after.constants.keys) == [after.nodes[0].inputs[1]])
    #expect(graph.constants.count == 4)
  }

  /// What only a dead node reads as well does not keep a normalisation from being folded.
  @Test func deadReadersDoNotCount() throws {
    var random = SeededRandom(seed: 4)
    var graph = Graph()
    let layer = graph.convolution("layer", graph.addInput("x"), 2, 3, &random)
    _ = graph.add(Relu(), name: "dead", [layer])
    graph.addOutput("y", graph.normalization("norm", layer, 3, &random))
    #expect(try graph.simplified().names == ["layer"])
  }

  @Test func selectingOutputs() throws {
    var random = SeededRandom(seed: 5)
    var graph = Graph()
    let trunk = graph.convolution("trunk", graph.addInput("x"), 2, 3, &random)
    for name in ["a", "b", "c"] { graph.addOutput(name, graph.convolution(name, trunk, 3, 1, &random)) }
    let x = random.tensor([1, 2, 4, 4])
    let all = try graph.evaluate([x]).map { try $0.floats() }
    let some = graph.selecting(outputs: [2, 0])
    #expect(some.names == ["trunk", "a", "c"] && some.outputs.map(\.name) == ["c", "a"])
    #expect(some.constants.count == 3)
    #expect(try some.evaluate([x]).map { try $0.floats() } == [all[2], all[0]])
    #expect(graph.selecting(outputs: []).nodes.isEmpty)
  }

  @Test func simplifyingTwiceChangesNothing() throws {
    var random = SeededRandom(seed: 6)
    var graph = Graph()
    let layer = graph.convolution("layer", graph.addInput("x"), 2, 3, &random)
    graph.addOutput("y", graph.normalization("norm", layer, 3, &random))
    let once = try graph.simplified()
    let twice = try once.simplified()
    #expect(twice.names == once.names && twice.constants.keys == once.constants.keys && twice.outputs == once.outputs)
  }
}
