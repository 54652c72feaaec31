import TestSupport
import Testing

@testable import MTLGraph

@Suite("Encoder and heads") struct PartitionTests {
  /// trunk -> a; trunk -> neck -> b, c; and a node that nothing needs.
  private func threeTasks() -> Graph {
    var random = SeededRandom(seed: 1)
    var graph = Graph()
    let input = graph.addInput("x")
    let trunk = graph.normalization("norm", graph.convolution("trunk", input, 2, 4, bias: true, &random), 4, &random)
    _ = graph.add(Relu(), name: "dead", [trunk])
    let neck = graph.convolution("neck", trunk, 4, 3, &random)
    graph.addOutput("a", graph.convolution("a", trunk, 4, 1, &random))
    graph.addOutput("b", graph.convolution("b", neck, 3, 1, bias: true, &random))
    graph.addOutput("c", graph.add(Relu(), name: "c", [neck]))
    return graph
  }

  @Test func isFoundByReachability() {
    let graph = threeTasks()
    #expect(graph.names == ["trunk", "norm", "dead", "neck", "a", "b", "c"])
    #expect(graph.outputsNeeding() == [[0, 1, 2], [0, 1, 2], [], [1, 2], [0], [1], [2]])
    #expect(
      graph.segments() == [.encoder, .encoder, .shared([]), .shared([1, 2]), .head(0), .head(1), .head(2)])
  }

  @Test func whatIsSharedByAll() throws {
    let encoder = try #require(threeTasks().encoder())
    #expect(encoder.names == ["trunk", "norm"] && encoder.outputs.map(\.name) == ["norm"])
    #expect(threeTasks().selecting(outputs: [1]).encoder() == nil, "one task shares with nobody")
    let pair = try #require(threeTasks().selecting(outputs: [1, 2]).encoder())
    #expect(pair.outputs.map(\.name) == ["neck"])
    var apart = Graph()
    let input = apart.addInput("x")
    for name in ["a", "b"] { apart.addOutput(name, apart.add(Relu(), name: name, [input])) }
    #expect(apart.encoder() == nil)
  }

  @Test func oneTaskIsAllEncoder() {
    let graph = threeTasks().selecting(outputs: [1])
    #expect(graph.segments() == [.encoder, .encoder, .encoder, .encoder])
  }

  @Test func anOutputOnTheWayToAnother() {
    var graph = Graph()
    let first = graph.add(Relu(), name: "first", [graph.addInput("x")])
    graph.addOutput("early", first)
    graph.addOutput("late", graph.add(Tanh(), name: "second", [first]))
    #expect(graph.segments() == [.encoder, .head(1)])
  }

  @Test func costs() throws {
    let costs = try threeTasks().costs(for: [[2, 2, 5, 7]])
    var encoder = Cost()
    encoder.parameters = 4 * 2 * 9 + 4 + 8
    encoder.multiplyAccumulates = 2 * 35 * 4 * 2 * 9
    #expect(costs[.encoder] == encoder)
    #expect(costs[.shared([1, 2])]?.parameters == 3 * 4 * 9)
    #expect(costs[.head(0)]?.parameters == 36 && costs[.head(0)]?.multiplyAccumulates == 2 * 35 * 36)
    #expect(costs[.head(1)]?.parameters == 28)
    #expect(costs[.head(2)] == Cost())
    #expect(throws: MTLError.self) { try threeTasks().costs(for: [[1, 3, 5, 7]]) }
  }

  /// Says of itself what it costs.
  private struct Expensive: ElementwiseOperator {
    static let name = "Expensive"
    let count: Int
    func apply(_ value: Float) -> Float { value }
    func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int { count }
  }

  private func expensive(layers: Int, each count: Int) -> Graph {
    var graph = Graph()
    var value = graph.addInput("x")
    for layer in 0..<layers { value = graph.add(Expensive(count: count), name: "layer\(layer)", [value]) }
    graph.addOutput("y", value)
    return graph
  }

  @Test(arguments: [(1, Int.max), (2, Int.max), (9, 1 << 57), (1 << 10, 1 << 60)])
  func moreThanCanBeCounted(_ layers: Int, _ count: Int) {
    let error = #expect(throws: MTLError.self) { try expensive(layers: layers, each: count).costs(for: [[1]]) }
    #expect(error?.kind == .limit && error?.subject.hasPrefix("layer") == true)
  }

  @Test func mostThatIsCounted() throws {
    #expect(try expensive(layers: 8, each: 1 << 57).costs(for: [[1]])[.encoder]?.multiplyAccumulates == Cost.maximum)
  }

  @Test func productsBeyond64BitsAreTheLargestNumber() {
    let images: Shape = [1, 1 << 10, 1 << 15, 1 << 15]
    #expect(Convolution().multiplyAccumulates(inputs: [images, [1 << 10, 1 << 30, 1, 1]], outputs: [images]) == .max)
    #expect(Gemm().multiplyAccumulates(inputs: [[1 << 20, 1 << 20], [1 << 20, 1 << 30]], outputs: [images]) == .max)
  }

  @Test func sharedConstantsCountOnceInEachSegment() throws {
    var random = SeededRandom(seed: 2)
    var graph = Graph()
    let weight = graph.addConstant(random.tensor([2, 2, 1, 1]))
    let first = graph.add(Convolution(), name: "first", [graph.addInput("x"), weight])
    let second = graph.add(Convolution(), name: "second", [first, weight])
    for name in ["a", "b"] { graph.addOutput(name, graph.add(Convolution(), name: name, [second, weight])) }
    let costs = try graph.costs(for: [[1, 2, 1, 1]])
    #expect(costs.values.map(\.parameters) == [4, 4, 4] && graph.parameterCount == 4)
    #expect(costs[.encoder]?.multiplyAccumulates == 8)
  }
}
