import TestSupport
import Testing

@testable import MTLGraph

@Suite("Sums that are a convolution's bias") struct FoldBiasesTests {
  private func names(_ build: (inout Graph, ValueID, inout SeededRandom) -> ValueID) throws -> [String] {
    var random = SeededRandom(seed: 6)
    var graph = Graph()
    let x = graph.addInput("x")
    graph.addOutput("y", build(&graph, x, &random))
    var folded = graph
    try folded.foldBiases()
    let input = random.tensor([1, 3, 4, 5])
    let (expected, found) = (try graph.evaluate([input])[0], try folded.evaluate([input])[0])
    #expect(try expected.largestDifference(from: found) <= 1e-5)
    return folded.nodes.map(\.operation.name)
  }

  @Test func oneForEachChannel() throws {
    let names = try names { graph, x, random in
      let made = graph.convolution("conv", x, 3, 4, &random)
      let sum = graph.add(Add(), name: "sum", [graph.addConstant(random.tensor([1, 4, 1, 1])), made])
      return graph.add(Relu(), name: "relu", [sum])
    }
    #expect(names == ["Conv", "Relu"])
  }

  /// A convolution that has a bias, one that somebody else reads, and numbers for each pixel stay.
  @Test func others() throws {
    let biased = try names { graph, x, random in
      let made = graph.convolution("conv", x, 3, 4, bias: true, &random)
      return graph.add(Add(), name: "sum", [made, graph.addConstant(random.tensor([1, 4, 1, 1]))])
    }
    let shared = try names { graph, x, random in
      let made = graph.convolution("conv", x, 3, 4, &random)
      let sum = graph.add(Add(), name: "sum", [made, graph.addConstant(random.tensor([1, 4, 1, 1]))])
      return graph.add(Mul(), name: "product", [made, sum])
    }
    let pixels = try names { graph, x, random in
      let made = graph.convolution("conv", x, 3, 1, &random)
      return graph.add(Add(), name: "sum", [made, graph.addConstant(random.tensor([1, 1, 4, 5]))])
    }
    #expect(biased == ["Conv", "Add"] && shared == ["Conv", "Add", "Mul"] && pixels == ["Conv", "Add"])
  }
}
