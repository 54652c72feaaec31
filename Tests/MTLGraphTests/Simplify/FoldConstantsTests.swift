import TestSupport
import Testing

@testable import MTLGraph

@Suite("Constants that a file folds") struct FoldConstantsTests {
  private func dequantize(
    _ integers: [Int], _ type: DataType, _ zeroPoint: [Int]?, scales: [Float], in graph: inout Graph, _ name: String
  ) -> ValueID {
    var inputs = [
      graph.addConstant(Tensor(integers, as: type, shape: [integers.count])),
      graph.addConstant(Tensor(scales, shape: [scales.count])),
    ]
    if let zeroPoint { inputs.append(graph.addConstant(Tensor(zeroPoint, as: type, shape: [zeroPoint.count]))) }
    return graph.add(DequantizeLinear(axis: 0, blockSize: 0, target: nil), name: name, inputs)
  }

  /// Biases of 32 bits become floats of as many bytes, and what follows from them goes the same way; bytes, which floats
  /// would need four times the room of, stay. Zero points of zero go.
  @Test func whatIsNoLargerIsFolded() throws {
    var graph = Graph()
    let x = graph.addInput("x")
    let bias = dequantize([3, -70_000, 5], .int32, [0, 0, 0], scales: [0.5, 2, 1], in: &graph, "bias")
    let turned = graph.add(Neg(), name: "negative", [bias])
    let weight = dequantize([1, -2, 3], .int8, [0, 0, 0], scales: [0.5, 2, 1], in: &graph, "weight")
    let shifted = dequantize([1, 2, 3], .uint8, [0, 1, 0], scales: [0.5, 2, 1], in: &graph, "shifted")
    let sum = graph.add(Add(), name: "sum", [x, turned])
    graph.addOutput("y", graph.add(Add(), name: "end", [graph.add(Mul(), name: "product", [sum, weight]), shifted]))
    let folded = graph.foldingConstants()
    #expect(folded.nodes.map(\.name) == ["weight", "shifted", "sum", "product", "end"])
    #expect(folded.nodes[0].inputs[2] == .absent && folded.nodes[1].inputs[2] != .absent)
    #expect(folded.constants.count == 6)
    let once = try #require(folded.constants[folded.nodes[2].inputs[1]])
    #expect(try once.floats() == [-1.5, 140_000, -5])
    let input = Tensor([1, 10, 100], shape: [3])
    #expect(try folded.compute([input])[0].floats() == graph.compute([input])[0].floats())
    #expect(folded.foldingConstants().nodes.map(\.name) == folded.nodes.map(\.name))
  }

  /// What folding makes equal is one constant, and wrong zero points stay wrong.
  @Test func equalAndWrongOnes() throws {
    var graph = Graph()
    let x = graph.addInput("x")
    let scale: [Float] = [0.5, 0.5]
    let numbers = (0..<32).map { $0 % 2 }
    func bias(_ name: String) -> ValueID {
      let inputs = [
        graph.addConstant(Tensor(numbers, as: .int32, shape: [32])), graph.addConstant(Tensor([0.5], shape: [1])),
      ]
      return graph.add(DequantizeLinear(axis: 0, blockSize: 0, target: nil), name: name, inputs)
    }
    let sum = graph.add(Add(), name: "sum", [x, bias("one")])
    graph.addOutput("end", graph.add(Add(), name: "end", [sum, bias("other")]))
    for (name, type, zeros) in [("type", DataType.uint8, [0, 0]), ("count", .int8, [0])] {
      let inputs = [
        graph.addConstant(Tensor([1, 2], as: .int8, shape: [2])), graph.addConstant(Tensor(scale, shape: [2])),
        graph.addConstant(Tensor(zeros, as: type, shape: [zeros.count])),
      ]
      graph.addOutput(name, graph.add(DequantizeLinear(axis: 0, blockSize: 0, target: nil), name: name, inputs))
    }
    let folded = graph.foldingConstants()
    #expect(folded.nodes.map(\.name) == ["sum", "end", "type", "count"])
    #expect(folded.nodes[0].inputs[1] == folded.nodes[1].inputs[1])
    #expect(folded.nodes[2].inputs[2] != .absent && folded.nodes[3].inputs[2] != .absent)
  }

  /// What a caller asks for stays a node, and so does what would be larger, or fails.
  @Test func othersStay() throws {
    var graph = Graph()
    let x = graph.addInput("x")
    let end = dequantize([3], .int32, nil, scales: [2], in: &graph, "end")
    let large = graph.add(
      GeneralExpand(), name: "large",
      [
        graph.addConstant(Tensor([1], shape: [1])), graph.addConstant(Tensor([1 << 20], as: .int64, shape: [1])),
      ])
    let wrong = dequantize([3, 4], .int32, nil, scales: [2, 3, 4], in: &graph, "wrong")
    graph.addOutput("end", end)
    graph.addOutput("y", graph.add(Add(), name: "sum", [graph.add(Add(), name: "first", [x, large]), wrong]))
    #expect(graph.foldingConstants().nodes.map(\.name) == ["end", "large", "wrong", "first", "sum"])
  }
}
