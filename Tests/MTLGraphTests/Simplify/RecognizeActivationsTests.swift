import TestSupport
import Testing

@testable import MTLGraph

@Suite("Activations written with simpler operators") struct RecognizeActivationsTests {
  /// Builds on an input and a way to add numbers; returns the simplified names, and compares the values.
  private func simplified(
    _ build: (inout Graph, ValueID, (inout Graph, Float) -> ValueID) -> ValueID
  ) throws -> [String] {
    var graph = Graph()
    let x = graph.addInput("x")
    let result = build(&graph, x) { $0.addConstant(Tensor([$1], shape: [])) }
    graph.addOutput("y", result)
    var random = SeededRandom(seed: 12)
    let input = random.tensor([3, 5], in: -4...4)
    let simple = try graph.simplified()
    let (expected, found) = (try graph.evaluate([input])[0], try simple.evaluate([input])[0])
    #expect(try expected.largestDifference(from: found) <= 1e-6)
    return simple.nodes.map(\.operation.name)
  }

  @Test func silu() throws {
    for isSwapped in [false, true] {
      let names = try simplified { graph, x, _ in
        let gate = graph.add(Sigmoid(), name: "gate", [x])
        return graph.add(Mul(), name: "y", isSwapped ? [gate, x] : [x, gate])
      }
      #expect(names == ["Silu"])
    }
  }

  @Test func hardSwish() throws {
    let names = try simplified { graph, x, _ in
      graph.add(Mul(), name: "y", [x, graph.add(HardSigmoid(alpha: 1 / 6, beta: 0.5), name: "gate", [x])])
    }
    #expect(names == ["HardSwish"])
  }

  /// The half first, last or on the side of the error function; a quotient or a product inside.
  @Test(arguments: 0..<6) func gelu(_ form: Int) throws {
    let names = try simplified { graph, x, number in
      let root = Float(2).squareRoot()
      let scaled =
        form % 2 == 0
        ? graph.add(Div(), name: "scaled", [x, number(&graph, root)])
        : graph.add(Mul(), name: "scaled", [x, number(&graph, 1 / root)])
      let one = number(&graph, 1)
      let sum = graph.add(Add(), name: "sum", [graph.add(Erf(), name: "erf", [scaled]), one])
      let half = number(&graph, 0.5)
      let pair = [[x, half], [x, sum], [half, sum]][form / 2]
      let rest = [sum, half, x][form / 2]
      return graph.add(Mul(), name: "y", [graph.add(Mul(), name: "pair", pair), rest])
    }
    #expect(names == ["Gelu"])
  }

  /// What is only nearly one of them stays.
  @Test func others() throws {
    let gated = try simplified { graph, x, _ in
      let gate = graph.add(Sigmoid(), name: "gate", [graph.add(Tanh(), name: "other", [x])])
      return graph.add(Mul(), name: "y", [x, gate])
    }
    #expect(gated == ["Tanh", "Sigmoid", "Mul"])
    let third = try simplified { graph, x, number in
      let scaled = graph.add(Div(), name: "scaled", [x, number(&graph, 3)])
      let sum = graph.add(Add(), name: "sum", [graph.add(Erf(), name: "erf", [scaled]), number(&graph, 1)])
      return graph.add(Mul(), name: "y", [graph.add(Mul(), name: "pair", [x, number(&graph, 0.5)]), sum])
    }
    #expect(third.contains("Erf") && !third.contains("Gelu"))
  }
}
