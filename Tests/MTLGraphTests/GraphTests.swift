import TestSupport
import Testing

@testable import MTLGraph

@Suite struct GraphTests {
  @Test func shapesAreFoundForEveryValue() throws {
    var random = SeededRandom(seed: 1)
    var graph = Graph()
    let layer = graph.convolution("layer", graph.addInput("x"), 3, 5, &random)
    let flat = graph.add(Flatten(), name: "flat", [layer])
    graph.addOutput("y", flat)
    let shapes = try graph.shapes(for: [[2, 3, 4, 6]])
    #expect(shapes.count == graph.valueCount)
    #expect(shapes[layer] == [2, 5, 4, 6] && shapes[flat] == [2, 120])
  }

  @Test func errorsNameTheNode() throws {
    var random = SeededRandom(seed: 2)
    var graph = Graph()
    graph.addOutput("y", graph.convolution("backbone.layer1", graph.addInput("x"), 3, 5, &random))
    let error = #expect(throws: MTLError.self) { try graph.shapes(for: [[2, 4, 4, 6]]) }
    #expect(error?.kind == .shapeMismatch && error?.subject == "backbone.layer1 (Conv)")
    #expect(error?.problem == "input: expected 3 channels for a weight of 5x3x3x3 in 1 groups, found 4")
    #expect(throws: MTLError.self) { try graph.evaluate([random.tensor([1, 4, 4, 4])]) }
  }

  @Test func inputsAreCounted() {
    var graph = Graph()
    graph.addOutput("y", graph.addInput("x"))
    let error = #expect(throws: MTLError.self) { try graph.shapes(for: []) }
    #expect(error?.description == "graph: expected 1 inputs, found 0")
  }

  @Test(arguments: [
    [Int.max, Int.max], [1 << 40, 2], [-1, 4], [0, Int.max, Int.max], [1, 1, 1, 1, 1, 1, 1, 1, 1],
  ])
  func absurdInputsAreErrors(_ dimensions: [Int]) {
    var graph = Graph()
    graph.addOutput("y", graph.add(Flatten(axis: 0), name: "flat", [graph.addInput("x")]))
    let error = #expect(throws: MTLError.self) { try graph.shapes(for: [Shape(dimensions)]) }
    #expect(error?.kind == .limit)
  }

  @Test func outputsAreLimited() throws {
    var graph = Graph()
    let padding = Window.Padding(Window.maximumSide)
    let weight = graph.addConstant(Tensor([Float](repeating: 0, count: 1024), shape: [1024, 1, 1, 1]))
    graph.addOutput("y", graph.add(Convolution(padding: padding), name: "wide", [graph.addInput("x"), weight]))
    let error = #expect(throws: MTLError.self) { try graph.shapes(for: [[1, 1, 1, 1]]) }
    #expect(error?.kind == .limit && error?.subject == "wide (Conv)")
  }

  @Test func usesAndProducers() {
    var graph = Graph()
    let input = graph.addInput("x")
    let relu = graph.add(Relu(), name: "relu", [input])
    graph.addOutput("a", relu)
    graph.addOutput("b", relu)
    #expect(graph.useCounts() == [input: 1, relu: 2])
    #expect(graph.producers() == [relu: 0])
  }

  @Test func aValueUsedBeforeItIsMadeIsAnError() {
    var graph = Graph()
    let input = graph.addInput("x")
    let relu = graph.add(Relu(), name: "relu", [input])
    let tanh = graph.add(Tanh(), name: "tanh", [relu])
    graph.addOutput("y", tanh)
    graph.replaceNodes(graph.nodes.reversed(), outputs: graph.outputs)
    let error = #expect(throws: MTLError.self) { try graph.evaluate([Tensor([1], shape: [1])]) }
    #expect(error?.kind == .internalFault && error?.subject == "tanh")
  }
}
