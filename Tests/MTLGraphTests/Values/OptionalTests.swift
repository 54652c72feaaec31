import Testing

@testable import MTLGraph

@Suite("Optional values") struct OptionalTests {
  private static let missing = GraphValue.nothing(ValueType(.tensor, .float32, isOptional: true))

  @Test func areThereOrNot() throws {
    let graph = try Graph.of("OptionalHasElement", inputs: 1)
    #expect(try graph.computeValues([.floats([1])])[0].tensor().integers() == [1])
    #expect(try graph.computeValues([OptionalTests.missing])[0].tensor().integers() == [0])
    #expect(try Graph.of("OptionalHasElement", inputs: 0).computeValues([])[0].tensor().integers() == [0])
  }

  @Test func holdWhatTheyWereGiven() throws {
    #expect(try Graph.of("Optional", inputs: 1).computeValues([.floats([4])])[0].lists == [[4]])
    let graph = try Graph.of("OptionalGetElement", inputs: 1)
    #expect(try graph.computeValues([.floats([4])])[0].lists == [[4]])
    #expect(graph.refusal([OptionalTests.missing])?.kind == .invalidArgument)
  }

  @Test func nothingNeedsAType() throws {
    #expect(throws: MTLError.self) { try Graph.of("Optional", inputs: 0) }
    let type = AttributeValue.type(ValueType(.sequence, .int64, isOptional: false))
    guard case .nothing(let found) = try Graph.of("Optional", inputs: 0, ["type": type]).computeValues([])[0] else {
      Issue.record("a value that is not there is there")
      return
    }
    #expect(found.form == .sequence && found.element == .int64)
  }

  @Test func operatorsOfTensorsRefuseNothing() throws {
    let error = try Graph.of("Relu", inputs: 1).refusal([OptionalTests.missing])
    #expect(error?.kind == .dataTypeMismatch)
  }

  /// If(has(x)) { get(x) } else { 7 }, where x may be missing.
  @Test func branchesJoin() throws {
    var (then, other) = (Graph(), Graph())
    then.addOutput("a", try then.add(standard: "OptionalGetElement", [then.addInput("x")]))
    other.addOutput("b", other.addConstant(Tensor([7], shape: [1])))
    var graph = Graph()
    let x = graph.addInput("x")
    let has = try graph.add(standard: "OptionalHasElement", [x])
    let branches = If(then: Subgraph(then, captures: 1..<2), else: Subgraph(other, captures: 2..<2), outputCount: 1)
    graph.addOutput("y", graph.add(branches, name: "if", [has, x]))
    #expect(try graph.computeValues([OptionalTests.missing])[0].lists == [[7]])
    #expect(try graph.computeValues([.floats([3])])[0].lists == [[3]])
    let special = try graph.specialized(for: [Fact(of: OptionalTests.missing)])
    #expect(special.graph.nodes.isEmpty)
    let open = try graph.specialized(for: [Fact(.tensor, of: .float32, .open)])
    #expect(try open.graph.computeValues([.floats([3])])[0].lists == [[3]])
  }
}
