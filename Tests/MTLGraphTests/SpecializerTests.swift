import TestSupport
import Testing

@testable import MTLGraph

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

  /// A fully connected layer whose input came onto a grid becomes a convolution with whole weights; others get floats.
  @Test(arguments: [1, 16, 17]) func layersOfBytes(_ rows: Int) throws {
    var (graph, random) = (Graph(), SeededRandom(seed: 5))
    let x = graph.addInput("x")
    func add(_ name: String, _ inputs: [ValueID], _ attributes: [String: AttributeValue] = [:]) throws -> ValueID {
      let found = try #require(OperatorCatalog.find(name, domain: ""))
      let described = Attributes(attributes, opset: 19, inputCount: inputs.count, outputCount: 1)
      return try graph.append(found, described, name: name, inputs)[0]
    }
    let grid = [
      graph.addConstant(Tensor([0.125], shape: [])), graph.addConstant(Tensor([100], as: .uint8, shape: [])),
    ]
    let rounded = try add("DequantizeLinear", [add("QuantizeLinear", [x] + grid)] + grid)
    let numbers = (0..<16 * 64).map { _ in random.integer(-128...127) }
    let weight = graph.addConstant(Tensor(numbers, as: .int8, shape: [16, 64]), name: "layer.weight")
    let steps = graph.addConstant(Tensor((0..<16).map { Float($0 + 1) / 16 }, shape: [16]))
    let floats = try add("DequantizeLinear", [weight, steps], ["axis": .integer(0)])
    let bias = graph.addConstant(Tensor((0..<16).map { Float($0) }, shape: [16]))
    graph.addOutput("y", try add("Gemm", [rounded, floats, bias], ["transB": .integer(1)]))
    var special = try graph.specialized(for: [Fact(.float32, [rows, 64])]).graph
    special.removeDeadNodes()
    let whole = special.nodes.first { $0.operation is Convolution }.map { special.constants[$0.inputs[1]] }
    #expect((whole??.type == .int8) == (rows <= 16))
    #expect(special.weightsInBlocks == (rows <= 16 ? ["layer.weight"] : []))
    // Sums are exact.
    let input = random.tensor([rows, 64], in: -12...12)
    #expect(try special.evaluate([input])[0].floats() == graph.compute([input])[0].floats())
  }

  /// Weights of a transposed convolution have a factor for each place of the second axis, the same in all groups; others
  /// become floats.
  @Test(arguments: [1, 2], [0, 1]) func transposedConvolutionsOfBytes(_ groups: Int, _ axis: Int) throws {
    var (graph, random) = (Graph(), SeededRandom(seed: 6))
    let x = graph.addInput("x")
    func add(_ name: String, _ inputs: [ValueID], _ attributes: [String: AttributeValue] = [:]) throws -> ValueID {
      let found = try #require(OperatorCatalog.find(name, domain: ""))
      let described = Attributes(attributes, opset: 19, inputCount: inputs.count, outputCount: 1)
      return try graph.append(found, described, name: name, inputs)[0]
    }
    let shape: Shape = [16, 3, 2, 2]
    let numbers = (0..<shape.elementCount).map { _ in random.integer(-128...127) }
    let weight = graph.addConstant(Tensor(numbers, as: .int8, shape: shape))
    let steps = graph.addConstant(Tensor((0..<shape[axis]).map { Float($0 + 1) / 16 }, shape: [shape[axis]]))
    let floats = try add("DequantizeLinear", [weight, steps], ["axis": .integer(axis)])
    graph.addOutput(
      "y",
      try add("ConvTranspose", [x, floats], ["group": .integer(groups), "strides": .integers([2, 2])]))
    let special = try graph.specialized(for: [Fact(.float32, [1, 16, 3, 4])]).graph
    let inputs = try #require(special.nodes.first { $0.operation is ConvolutionTranspose }).inputs
    #expect(special.constants[inputs[1]]?.type == (axis == 1 ? .int8 : .float32))
    if axis == 1 { #expect(special.constants[inputs[3]]?.shape == [3 * groups]) }
    let input = Tensor((0..<192).map { _ in Float(random.integer(-9...9)) }, shape: [1, 16, 3, 4])
    #expect(try special.evaluate([input])[0].floats() == graph.compute([input])[0].floats())
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
