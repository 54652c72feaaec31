import TestSupport
import Testing

@testable import MTLGraph

@Suite struct FoldBatchNormalizationTests {
  /// The graph before and after must give the same numbers; returns the graph after.
  private func folded(
    _ graph: Graph, _ shape: Shape, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Graph {
    var random = SeededRandom(seed: 1)
    let input = random.tensor(shape)
    let after = try graph.simplified()
    let (expected, found) = (try graph.evaluate([input]), try after.evaluate([input]))
    #expect(expected.count == found.count, sourceLocation: sourceLocation)
    for (one, other) in zip(expected, found) {
      #expect(try other.largestDifference(from: one) <= 1e-6, sourceLocation: sourceLocation)
    }
    let used = Set(after.nodes.flatMap(\.inputs))
    #expect(after.constants.keys.allSatisfy(used.contains), sourceLocation: sourceLocation)
    return after
  }

  @Test(arguments: [false, true]) func intoConvolution(_ bias: Bool) throws {
    var random = SeededRandom(seed: 2)
    var graph = Graph()
    let layer = graph.convolution("layer", graph.addInput("x"), 3, 5, bias: bias, &random)
    graph.addOutput("y", graph.normalization("norm", layer, 5, &random))
    let after = try folded(graph, [2, 3, 6, 7])
    #expect(after.names == ["layer"])
    // The weight as it was, the new bias, and the factor of each output channel.
    #expect(after.constants.count == 3 && after.nodes[0].inputs.count == 4)
    #expect(after.constants[after.nodes[0].inputs[1]]?.shape == [5, 3, 3, 3])
  }

  @Test(arguments: [false, true]) func intoLinear(_ bias: Bool) throws {
    var random = SeededRandom(seed: 3)
    var graph = Graph()
    let layer = graph.linear("layer", graph.addInput("x"), 9, 4, bias: bias, &random)
    graph.addOutput("y", graph.normalization("norm", layer, 4, &random))
    #expect(try folded(graph, [3, 9]).names == ["layer"])
  }

  /// Thousands of layers may have one matrix in common, and would get as many of their own.
  @Test(arguments: [2, 33]) func notIntoAMatrixOfManyLayers(_ count: Int) throws {
    var random = SeededRandom(seed: 3)
    var graph = Graph()
    let matrix = graph.addConstant(random.tensor([9, 9]))
    var value = graph.addInput("x")
    for index in 0..<count {
      value = graph.add(Gemm(), name: "layer\(index)", [value, matrix])
      value = graph.normalization("norm\(index)", value, 9, &random)
    }
    graph.addOutput("y", value)
    #expect(try folded(graph, [3, 9]).nodes.count == (count == 2 ? 2 : 2 * count))
  }

  @Test func oneAfterAnother() throws {
    var random = SeededRandom(seed: 4)
    var graph = Graph()
    let layer = graph.convolution("layer", graph.addInput("x"), 3, 4, &random)
    let first = graph.normalization("first", layer, 4, &random)
    let relu = graph.add(Relu(), name: "relu", [graph.normalization("second", first, 4, &random)])
    graph.addOutput("y", graph.normalization("third", relu, 4, &random))
    #expect(try folded(graph, [1, 3, 5, 5]).names == ["layer", "relu", "third"])
  }

  @Test func notIntoWhatOthersRead() throws {
    var random = SeededRandom(seed: 5)
    var graph = Graph()
    let layer = graph.convolution("layer", graph.addInput("x"), 3, 4, &random)
    graph.addOutput("y", graph.normalization("norm", layer, 4, &random))
    graph.addOutput("z", graph.add(Relu(), name: "relu", [layer]))
    #expect(try folded(graph, [1, 3, 5, 5]).names == ["layer", "norm", "relu"])
  }

  @Test func notIntoAnOutput() throws {
    var random = SeededRandom(seed: 6)
    var graph = Graph()
    let layer = graph.convolution("layer", graph.addInput("x"), 3, 4, &random)
    graph.addOutput("raw", layer)
    graph.addOutput("y", graph.normalization("norm", layer, 4, &random))
    #expect(try folded(graph, [1, 3, 5, 5]).names == ["layer", "norm"])
  }

  /// The first normalisation goes into the layer, whose output then has two readers.
  @Test func notThroughAFoldedOneThatOthersRead() throws {
    var random = SeededRandom(seed: 7)
    var graph = Graph()
    let layer = graph.convolution("layer", graph.addInput("x"), 3, 4, &random)
    let first = graph.normalization("first", layer, 4, &random)
    graph.addOutput("y", graph.normalization("second", first, 4, &random))
    graph.addOutput("z", graph.add(Relu(), name: "relu", [first]))
    #expect(try folded(graph, [1, 3, 5, 5]).names == ["layer", "second", "relu"])
  }

  @Test func sharedWeightsStayForTheOthers() throws {
    var random = SeededRandom(seed: 8)
    var graph = Graph()
    let input = graph.addInput("x")
    let weight = graph.addConstant(random.tensor([3, 3, 1, 1]))
    let first = graph.add(Convolution(), name: "first", [input, weight])
    let second = graph.add(Convolution(), name: "second", [input, weight])
    graph.addOutput("y", graph.normalization("norm", first, 3, &random))
    graph.addOutput("z", second)
    #expect(try folded(graph, [1, 3, 4, 4]).names == ["first", "second"])
  }

  @Test func onlyIntoLayersWithConstants() throws {
    var random = SeededRandom(seed: 9)
    var graph = Graph()
    let input = graph.addInput("x")
    let computed = graph.add(Relu(), name: "weight", [graph.addConstant(random.tensor([3, 3, 1, 1]))])
    let layer = graph.add(Convolution(), name: "layer", [input, computed])
    let pooled = graph.add(
      MaxPool(Window(kernel: .init(2))), name: "pool", [graph.normalization("norm", layer, 3, &random)])
    let again = graph.normalization("after pool", pooled, 3, &random)
    let computedBias = graph.add(Relu(), name: "bias", [graph.addConstant(random.tensor([3]))])
    let weight = graph.addConstant(random.tensor([3, 3, 1, 1]))
    let biased = graph.add(Convolution(), name: "biased", [again, weight, computedBias])
    graph.addOutput("y", graph.normalization("last", biased, 3, &random))
    #expect(
      try folded(graph, [1, 3, 4, 4]).names
        == ["weight", "layer", "norm", "pool", "after pool", "bias", "biased", "last"])
  }

  @Test func grouped() throws {
    var random = SeededRandom(seed: 10)
    var graph = Graph()
    let weight = graph.addConstant(random.tensor([6, 1, 3, 3]))
    let layer = graph.add(Convolution(groups: 3), name: "layer", [graph.addInput("x"), weight])
    graph.addOutput("y", graph.normalization("norm", layer, 6, &random))
    #expect(try folded(graph, [2, 3, 5, 4]).names == ["layer"])
  }
}
