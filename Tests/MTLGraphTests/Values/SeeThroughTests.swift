import Testing

@testable import MTLGraph

/// Sequences whose tensors are known when shapes are leave no trace in the specialised graph.
@Suite("Seeing through sequences") struct SeeThroughTests {
  private func special(_ graph: Graph, _ shape: Shape) throws -> Graph {
    let special = try graph.specialized(for: [Fact(.float32, shape)])
    #expect(special.graph.outputs.allSatisfy { special.fact($0.value)?.shape != nil })
    return special.graph
  }

  @Test func splitAndAtAreASlice() throws {
    var graph = Graph()
    let x = graph.addInput("x")
    let length = graph.integer(2)
    let parts = try graph.add(standard: "SplitToSequence", [x, length], ["axis": .integer(1)])
    let last = graph.integer(-1)
    graph.addOutput("y", try graph.add(standard: "SequenceAt", [parts, last]))
    let found = try special(graph, [1, 5, 2, 2])
    #expect(found.nodes.map(\.operation.name) == ["Slice"])
    let input = Tensor((0..<20).map { Float($0) }, shape: [1, 5, 2, 2])
    #expect(try found.compute([input])[0].numbers() == graph.compute([input])[0].numbers())
  }

  @Test func unbindAndStackAreSlicesAndOneConcatenation() throws {
    var graph = Graph()
    let x = graph.addInput("x")
    let parts = try graph.add(standard: "SplitToSequence", [x], ["axis": .integer(1), "keepdims": .integer(0)])
    graph.addOutput(
      "y", try graph.add(standard: "ConcatFromSequence", [parts], ["axis": .integer(0), "new_axis": .integer(1)]))
    let found = try special(graph, [2, 3])
    #expect(Set(found.nodes.map(\.operation.name)) == ["Slice", "Reshape", "Concat"])
    let input = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(try found.compute([input])[0].numbers() == [1, 4, 2, 5, 3, 6])
    #expect(try graph.compute([input])[0].shape == [3, 2])
  }

  @Test func listsThatGrowAndShrink() throws {
    var graph = Graph()
    let x = graph.addInput("x")
    let doubled = graph.add(Add(), name: "doubled", [x, x])
    let (first, second) = (graph.integer(0), graph.integer(1))
    var list = try graph.add(standard: "SequenceEmpty", [])
    list = try graph.add(standard: "SequenceInsert", [list, x])
    list = try graph.add(standard: "SequenceInsert", [list, doubled, first])
    list = try graph.add(standard: "SequenceInsert", [list, doubled])
    list = try graph.add(standard: "SequenceErase", [list, second])
    graph.addOutput("count", try graph.add(standard: "SequenceLength", [list]))
    graph.addOutput("y", try graph.add(standard: "SequenceAt", [list, second]))
    let found = try special(graph, [1])
    #expect(found.nodes.map(\.name) == ["doubled"])
    let outputs = try found.compute([Tensor([3], shape: [1])])
    #expect(outputs[0].integers() == [2] && outputs[1].numbers() == [6])
  }

  /// An index that only data tell leaves the sequence in the graph.
  @Test func openIndicesRunNodeByNode() throws {
    var graph = Graph()
    let (x, index) = (graph.addInput("x"), graph.addInput("index"))
    let parts = try graph.add(standard: "SplitToSequence", [x])
    graph.addOutput("y", try graph.add(standard: "SequenceAt", [parts, index]))
    let special = try graph.specialized(for: [Fact(.float32, [3]), Fact(.int64, [])])
    #expect(special.graph.nodes.last?.operation.name == "SequenceAt")
    let inputs = [Tensor([1, 2, 3], shape: [3]), Tensor([-1], as: .int64, shape: [])]
    #expect(try special.graph.compute(inputs)[0].numbers() == [3])
  }

  @Test func wrongPlacesAreRefusedBeforeTheRun() throws {
    var graph = Graph()
    let x = graph.addInput("x")
    let far = graph.integer(7)
    let parts = try graph.add(standard: "SplitToSequence", [x])
    graph.addOutput("y", try graph.add(standard: "SequenceAt", [parts, far]))
    let error = #expect(throws: MTLError.self) { try graph.specialized(for: [Fact(.float32, [3])]) }
    #expect(error?.subject == "SequenceAt (SequenceAt)")
    #expect(error?.kind == .shapeMismatch)
  }

  /// Sequences that double again and again stop being looked through, and the graph still runs.
  @Test func lookingThroughIsBounded() throws {
    var graph = Graph()
    let x = graph.addInput("x")
    var list = try graph.add(standard: "SplitToSequence", [x])
    var body = Graph()
    body.addOutput("y", body.add(Add(), name: "add", [body.addInput("a"), body.addInput("x")]))
    let attribute = AttributeValue.subgraph(Subgraph(body, captures: 2..<2))
    for _ in 0..<40 { list = try graph.add(standard: "SequenceMap", [list, x], ["body": attribute]) }
    graph.addOutput("count", try graph.add(standard: "SequenceLength", [list]))
    let count = 1 << 15
    let special = try graph.specialized(for: [Fact(.float32, [count])])
    #expect(special.graph.nodes.count < 1 << 20)
  }
}
