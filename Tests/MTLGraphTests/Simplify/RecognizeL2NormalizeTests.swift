import TestSupport
import Testing

@testable import MTLGraph

@Suite("Divisions by the own length") struct RecognizeL2NormalizeTests {
  private func length(keepsAxes: Bool = true, axes: [Int] = [1]) throws -> any Operator {
    let attributes = Attributes(
      ["axes": .integers(axes), "keepdims": .integer(keepsAxes ? 1 : 0)], opset: 13, inputCount: 1, outputCount: 1)
    return try #require(OperatorCatalog.find("ReduceL2", domain: "")).make(attributes)
  }

  private func names(_ build: (inout Graph, ValueID) throws -> ValueID) throws -> [String] {
    var graph = Graph()
    graph.addOutput("y", try build(&graph, graph.addInput("x")))
    var random = SeededRandom(seed: 3)
    let input = random.tensor([2, 3, 4, 3])
    let simple = try graph.simplified()
    #expect(try graph.evaluate([input])[0].largestDifference(from: simple.evaluate([input])[0]) <= 1e-6)
    return simple.nodes.map(\.operation.name)
  }

  @Test(arguments: [1, 3]) func along(_ axis: Int) throws {
    #expect(
      try names { graph, x in
        graph.add(Div(), name: "y", [x, graph.add(try length(axes: [axis]), name: "length", [x])])
      } == ["LpNormalization"])
  }

  @Test func withALeastLength() throws {
    #expect(
      try names { graph, x in
        let bound = graph.addConstant(Tensor([1e-12], shape: []))
        let none = graph.addConstant(Tensor([.infinity], shape: []))
        let long = graph.add(Clip(), name: "clip", [graph.add(try length(), name: "length", [x]), bound, none])
        return graph.add(Div(), name: "y", [x, long])
      } == ["LpNormalization"])
  }

  @Test func others() throws {
    let others = try names { graph, x in
      let other = graph.add(Tanh(), name: "other", [x])
      return graph.add(Div(), name: "y", [x, graph.add(try length(), name: "length", [other])])
    }
    #expect(others == ["Tanh", "ReduceL2", "Div"])
    let pairs = try names { graph, x in
      graph.add(Div(), name: "y", [x, graph.add(try length(axes: [2, 3]), name: "length", [x])])
    }
    #expect(pairs == ["ReduceL2", "Div"])
  }
}
