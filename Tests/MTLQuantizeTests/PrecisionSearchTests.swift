import MTLEngine
import MTLGraph
import TestSupport
import Testing

@testable import MTLQuantize

/// Which layers stay in floats.
struct PrecisionSearchTests {
  private static let shape: Shape = [1, 16, 6, 5]
  private static let grid = ByteGrid(covering: -1, 1)
  private static let coarse = ByteGrid(covering: -40, 40)

  /// x - trunk - left, and trunk - right.
  private static func network() -> Graph {
    var (graph, random) = (Graph(), SeededRandom(seed: 4))
    func layer(_ name: String, _ input: ValueID) -> ValueID {
      let weight = graph.addConstant(random.tensor([16, 16, 1, 1], in: -0.3...0.3))
      return graph.add(Convolution(), name: name, [input, weight])
    }
    let trunk = layer("trunk", graph.addInput("x"))
    let features = graph.add(Relu(), name: "relu", [trunk])
    graph.addOutput("left", layer("left", features))
    graph.addOutput("right", layer("right", graph.add(Tanh(), name: "tanh", [features])))
    return graph
  }

  private static func outcome(_ table: QuantizationTable, _ budgets: [Double]) throws -> PrecisionSearch.Outcome {
    var random = SeededRandom(seed: 8)
    let inputs = (0..<3).map { _ in random.tensor(shape) }
    let search = try PrecisionSearch(network(), table, inputs: inputs, pool: ThreadPool(width: 1)) {
      _, exact, rounded in
      let (exact, rounded) = (exact.numbers(), rounded.numbers())
      return (
        zip(exact, rounded).reduce(0) { $0 + Double(($1.0 - $1.1).magnitude) }, exact.reduce(0) { $0 + Double(abs($1)) }
      )
    }
    return try search.outcome(budgets: budgets)
  }

  private static func table() throws -> QuantizationTable {
    let grid = try #require(grid)
    return QuantizationTable(
      grids: ["input x": grid, "relu": grid, "tanh": try #require(coarse)],
      biasCorrections: ["right": [Float](repeating: 0.001, count: 16)])
  }

  @Test func nothingIsLeftOutWithinTheBudgets() throws {
    let outcome = try Self.outcome(Self.table(), [.infinity, 1])
    #expect(try outcome.table == Self.table())
    #expect(outcome.layers.map(\.name) == ["trunk", "left", "right"])
    #expect(outcome.layers.allSatisfy { $0.isInBytes })
    #expect(outcome.errors == outcome.errorsBefore)
    // What is read in one head costs its task alone; the features' grid costs both, whichever layer it is for.
    #expect(outcome.layers[2].errors[0] == 0 && outcome.layers[2].errors[1] > 0)
    #expect(outcome.layers[..<2].allSatisfy { $0.errors.allSatisfy { $0 > 0 } })
  }

  @Test func theWorstLayerGoesFirst() throws {
    let outcome = try Self.outcome(Self.table(), [.infinity, 0.05])
    #expect(outcome.layers.filter { !$0.isInBytes }.map(\.name) == ["right"])
    #expect(outcome.table.grids.keys.sorted() == ["input x", "relu"])
    #expect(outcome.table.isBFloat16)
    #expect(outcome.table.biasCorrections.isEmpty && outcome.table.floatNodes.isEmpty)
    #expect(outcome.errorsBefore[1] > 0.05 && outcome.errors[1] <= 0.05)
  }

  /// bfloat16 makes errors, too.
  @Test func noErrorMeansFloats() throws {
    let outcome = try Self.outcome(Self.table(), [0, 0])
    #expect(outcome.table == QuantizationTable())
    #expect(outcome.errors == [0, 0])
    #expect(try Self.network().quantized(by: outcome.table).nodes.count == 5)
  }

  @Test func valuesThatOthersReadStayRounded() throws {
    let grid = try #require(Self.grid)
    let table = QuantizationTable(grids: ["a": grid, "b": grid])
    let readers = ["a": ["one", "two"], "b": ["three"]]
    #expect(table.keeping(["one"], readers: readers).floatNodes == ["one"])
    #expect(table.keeping(["one", "two", "three"], readers: readers) == QuantizationTable())
  }
}
