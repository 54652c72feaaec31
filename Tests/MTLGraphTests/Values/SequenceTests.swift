import Testing

@testable import MTLGraph

@Suite("Sequences") struct SequenceTests {
  @Test func constructAndLength() throws {
    let made = try Graph.of("SequenceConstruct", inputs: 2).computeValues([.floats([1]), .floats([2, 3])])
    #expect(made[0].lists == [[1], [2, 3]])
    #expect(try Graph.of("SequenceLength", inputs: 1).computeValues(made)[0].tensor().integers() == [2])
    let mixed = try Graph.of("SequenceConstruct", inputs: 2).refusal([.floats([1]), .integer(1)])
    #expect(mixed?.kind == .dataTypeMismatch)
  }

  @Test func emptyOnesKeepTheirType() throws {
    let made = try Graph.of("SequenceEmpty", inputs: 0, ["dtype": .integer(7)]).computeValues([])
    #expect(try made[0].sequence().type == .int64)
    #expect(throws: MTLError.self) { try Graph.of("SequenceEmpty", inputs: 0, ["dtype": .integer(999)]) }
  }

  @Test(arguments: [(0, [1.0] as [Float]), (2, [3]), (-1, [3]), (-3, [1])])
  func at(index: Int, expected: [Float]) throws {
    let sequence = try GraphValue.floats(sequence: [[1], [2], [3]])
    let found = try Graph.of("SequenceAt", inputs: 2).computeValues([sequence, .integer(index)])
    #expect(found[0].lists == [expected])
  }

  @Test(arguments: [3, -4, Int.max, Int.min]) func atRefusesPlacesThatAreNotThere(index: Int) throws {
    let sequence = try GraphValue.floats(sequence: [[1], [2], [3]])
    for name in ["SequenceAt", "SequenceErase"] {
      let error = try Graph.of(name, inputs: 2).refusal([sequence, .integer(index)])
      #expect(error?.kind == .shapeMismatch)
      #expect(error?.subject == "node (\(name))")
    }
    let empty = GraphValue.sequence(try TensorSequence([], type: .float32))
    #expect(try Graph.of("SequenceAt", inputs: 2).refusal([empty, .integer(0)])?.kind == .shapeMismatch)
    #expect(try Graph.of("SequenceErase", inputs: 1).refusal([empty])?.kind == .shapeMismatch)
  }

  @Test(arguments: [(nil, [[1], [2], [9]]), (0, [[9], [1], [2]]), (2, [[1], [2], [9]]), (-1, [[1], [9], [2]])])
  func insert(index: Int?, expected: [[Float]]) throws {
    let place = index.map { GraphValue.integer($0) }
    let inputs = [try GraphValue.floats(sequence: [[1], [2]]), .floats([9]), place]
    #expect(try Graph.of("SequenceInsert", inputs: 3).computeValues(inputs)[0].lists == expected)
  }

  @Test func insertRefusesPlacesAndTypes() throws {
    let sequence = try GraphValue.floats(sequence: [[1], [2]])
    let graph = try Graph.of("SequenceInsert", inputs: 3)
    for index in [3, -3, Int.min] {
      #expect(graph.refusal([sequence, .floats([9]), .integer(index)])?.kind == .shapeMismatch)
    }
    #expect(graph.refusal([sequence, .integer(9), nil])?.kind == .dataTypeMismatch)
    #expect(graph.refusal([.floats([1]), .floats([9]), nil])?.kind == .dataTypeMismatch)
  }

  @Test func eraseTakesOutTheLastOneOrTheOneThatIsNamed() throws {
    let sequence = try GraphValue.floats(sequence: [[1], [2], [3]])
    #expect(try Graph.of("SequenceErase", inputs: 1).computeValues([sequence])[0].lists == [[1], [2]])
    #expect(try Graph.of("SequenceErase", inputs: 2).computeValues([sequence, .integer(-3)])[0].lists == [[2], [3]])
  }

  @Test func splitsByLengthByLengthsAndOneByOne() throws {
    let input = GraphValue.floats([1, 2, 3, 4, 5])
    let graph = try Graph.of("SplitToSequence", inputs: 2)
    #expect(try graph.computeValues([input, .integer(2)])[0].lists == [[1, 2], [3, 4], [5]])
    let lengths = GraphValue.tensor(Tensor([1, 4], as: .int64, shape: [2]))
    #expect(try graph.computeValues([input, lengths])[0].lists == [[1], [2, 3, 4, 5]])
    let single = try Graph.of("SplitToSequence", inputs: 1, ["keepdims": .integer(0)]).computeValues([input])
    #expect(single[0].tensors.map(\.shape) == [[], [], [], [], []])
    #expect(try Graph.of("SplitToSequence", inputs: 1).computeValues([input])[0].tensors[0].shape == [1])
  }

  @Test func splitRefusesWhatDoesNotFit() throws {
    let graph = try Graph.of("SplitToSequence", inputs: 2)
    for lengths in [[6], [5, -1, 1], [Int.max, Int.max], []] {
      let split = GraphValue.tensor(Tensor(lengths, as: .int64, shape: [lengths.count]))
      #expect(graph.refusal([.floats([1, 2, 3, 4, 5]), split])?.kind == .shapeMismatch)
    }
    #expect(graph.refusal([.floats([1]), .integer(0)])?.kind == .shapeMismatch)
    #expect(graph.refusal([.floats([1]), .integer(Int.min)])?.kind == .shapeMismatch)
    let long = GraphValue.tensor(Tensor([Float](repeating: 0, count: 1 << 17), shape: [1 << 17]))
    #expect(graph.refusal([long, .integer(1)])?.kind == .limit)
    #expect(try graph.computeValues([.floats([1, 2]), .integer(Int.max)])[0].lists == [[1, 2]])
  }

  @Test func concatenates() throws {
    let sequence = try GraphValue.floats(sequence: [[1, 2], [3, 4]])
    let along = try Graph.of("ConcatFromSequence", inputs: 1, ["axis": .integer(0)])
    #expect(try along.computeValues([sequence])[0].lists == [[1, 2, 3, 4]])
    let new = try Graph.of("ConcatFromSequence", inputs: 1, ["axis": .integer(-1), "new_axis": .integer(1)])
    #expect(try new.computeValues([sequence])[0].lists == [[1, 3, 2, 4]])
    #expect(new.refusal([try .floats(sequence: [[1], [2, 3]])])?.kind == .shapeMismatch)
    #expect(along.refusal([.sequence(try TensorSequence([], type: .float32))])?.kind == .shapeMismatch)
  }

  @Test func sequencesAreBounded() throws {
    let one = Tensor([1], shape: [1])
    let many = [Tensor](repeating: one, count: TensorSequence.maximumCount)
    #expect(throws: MTLError.self) { try TensorSequence(many + [one], type: .float32) }
    let full = GraphValue.sequence(try TensorSequence(many, type: .float32))
    #expect(try Graph.of("SequenceInsert", inputs: 2).refusal([full, .tensor(one)])?.kind == .limit)
  }

  /// A body that adds a tensor to each element.
  @Test func mapsAGraph() throws {
    var body = Graph()
    let (x, y) = (body.addInput("x"), body.addInput("y"))
    body.addOutput("z", body.add(Add(), name: "add", [x, y]))
    let attribute = AttributeValue.subgraph(Subgraph(body, captures: 2..<2))
    let graph = try Graph.of("SequenceMap", inputs: 2, ["body": attribute])
    let sequence = try GraphValue.floats(sequence: [[1], [2]])
    #expect(try graph.computeValues([sequence, .floats([10])])[0].lists == [[11], [12]])
    #expect(try graph.computeValues([sequence, sequence])[0].lists == [[2], [4]])
    #expect(graph.refusal([sequence, try .floats(sequence: [[1]])])?.kind == .shapeMismatch)
  }

  @Test func operatorsOfTensorsRefuseThem() throws {
    let error = try Graph.of("Relu", inputs: 1).refusal([try .floats(sequence: [[1]])])
    #expect(error?.kind == .dataTypeMismatch)
    #expect(error?.problem == "input 0: expected a tensor, found a sequence")
    let facts = [Fact(.sequence, of: .float32)]
    #expect(throws: MTLError.self) { try Graph.of("Relu", inputs: 1).specialized(for: facts) }
  }
}
