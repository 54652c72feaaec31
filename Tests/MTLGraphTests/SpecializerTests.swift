import MTLGraph
import Testing

@Suite struct SpecializerTests {
  /// Reshape(x, Concat(Shape(x)[0:1], [-1])) is a plain `Reshape` once the shape of x is known.
  @Test func shapeSubgraphsFold() throws {
    var graph = Graph()
    let x = graph.addInput("x")
    let shape = graph.add(ShapeOf(start: 0, end: 1), name: "shape", [x])
    let rest = graph.addConstant(Tensor([-1], as: .int64, shape: [1]))
    let sizes = graph.add(Concat(axis: 0), name: "sizes", [shape, rest])
    let reshape = try #require(OperatorCatalog.find("Reshape", domain: ""))
    let operation = try reshape.make(Attributes([:], opset: 21, inputCount: 2, outputCount: 1))
    graph.addOutput("y", graph.add(operation, name: "reshape", [x, sizes]))
    let special = try graph.specialized(for: [Fact(.float32, [2, 3, 4])])
    #expect(special.graph.nodes.map(\.name) == ["reshape"])
    let output = special.graph.outputs[0].value
    #expect(special.fact(output)?.shape == [2, 12])
    #expect((special.graph.nodes[0].operation as? Reshape)?.dimensions == [2, 12])
  }

  /// A size that only the data tell leaves the shape open, and the graph still runs.
  @Test func dataDependentShapesAreOpen() throws {
    var graph = Graph()
    let x = graph.addInput("x")
    let sizes = graph.addInput("sizes")
    graph.addOutput("y", graph.add(GeneralExpand(), name: "expand", [x, sizes]))
    let special = try graph.specialized(for: [Fact(.float32, [1]), Fact(.int64, [2])])
    #expect(special.fact(special.graph.outputs[0].value)?.shape == nil)
    let inputs = [Tensor([7], shape: [1]), Tensor([2, 3], as: .int64, shape: [2])]
    #expect(try special.graph.compute(inputs)[0].shape == [2, 3])
  }

  @Test func errorsNameTheNode() throws {
    var graph = Graph()
    let (x, y) = (graph.addInput("x"), graph.addInput("y"))
    graph.addOutput("z", graph.add(Equal(), name: "same", [x, y]))
    let error = #expect(throws: MTLError.self) {
      try graph.specialized(for: [Fact(.float32, [1]), Fact(.int64, [1])])
    }
    #expect(error?.kind == .dataTypeMismatch)
    #expect(error?.subject == "same (Equal)")
  }

  @Test func integersWrapAndSmallFloatsRound() throws {
    let bytes = [Tensor([200], as: .uint8, shape: [1]), Tensor([100], as: .uint8, shape: [1])]
    #expect(try Add().compute(bytes)[0].integers() == [44])
    // 17 lies between 16 and 18 of e4m3fn; of two equally near the even code counts.
    #expect(Tensor([17.0], as: .float8E4M3FN, shape: [1]).doubles() == [16])
    #expect(Tensor([1e9], as: .float8E4M3FN, shape: [1]).doubles() == [448])
    #expect(Tensor([-1.5], as: .int4, shape: [1]).integers() == [-1])
  }
}
