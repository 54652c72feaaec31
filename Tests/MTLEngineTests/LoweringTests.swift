import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

@Suite("Corners of the lowerings") struct LoweringTests {
  private func check(
    _ shape: Shape, threads: Int = 1, special: Float? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ build: (inout Graph, ValueID, inout SeededRandom) -> ValueID
  ) throws {
    var random = SeededRandom(seed: 4)
    var graph = Graph()
    graph.addOutput("y", build(&graph, graph.addInput("x"), &random))
    var input = random.tensor(shape)
    if let special {
      var values = try input.floats()
      values[values.count / 3] = special
      input = Tensor(values, shape: shape)
    }
    let expected = try graph.evaluate([input])
    for isa in InstructionSet.allCases where isa <= .detected {
      let results = try Session(testing: try Network(graph), threads: threads, isa: isa).run(input)
      for (found, one) in zip(results, expected) {
        #expect(try found.largestDifference(from: one) <= 1e-5, "\(isa)", sourceLocation: sourceLocation)
      }
    }
  }

  @Test(arguments: 0...4, [1, 3]) func flattenAtAnyAxis(_ axis: Int, _ batch: Int) throws {
    try check([batch, 18, 3, 5]) { graph, x, _ in
      let tanh = graph.add(MaxPool(Window(kernel: .init(1))), name: "blocks", [x])
      return graph.add(Flatten(axis: axis), name: "flat", [tanh])
    }
  }

  @Test func convolutionOfNoChannelsIsItsBias() throws {
    try check([1, 0, 4, 4]) { graph, x, random in
      let weight = graph.addConstant(Tensor([], shape: [5, 0, 3, 3]))
      return graph.add(Convolution(), name: "conv", [x, weight, graph.addConstant(random.tensor([5]))])
    }
  }

  /// Where the input or a layer is infinite, the outputs are what the reference says: channels that only fill a block
  /// up add nothing to them. No padding, whose zeros the kernels multiply with weights and the reference leaves out.
  @Test(arguments: [17, 20, 48], [17, 20, 48, 5]) func infinities(_ channels: Int, _ inner: Int) throws {
    for special in [Float.infinity, -.infinity] {
      try check([2, channels, 6, 9], special: special) { graph, x, random in
        let shapes: [Shape] = [[inner, channels, 3, 3], [channels, inner, 1, 1], [3, channels, 2, 1]]
        let weights = shapes.map { graph.addConstant(random.tensor($0)) }
        let first = graph.add(Convolution(), name: "first", [x, weights[0]])
        let pool = graph.add(MaxPool(Window(kernel: .init(2), padding: .init(1))), name: "pool", [first])
        let second = graph.add(Convolution(), name: "second", [pool, weights[1]])
        let act = graph.add(Sigmoid(), name: "act", [second])
        graph.addOutput("second", second)
        let third = graph.add(Convolution(), name: "third", [act, weights[2]])
        return graph.add(GlobalAveragePool(), name: "mean", [third])
      }
    }
  }

  @Test func noImages() throws {
    try check([0, 3, 4, 4], threads: 2) { graph, x, random in
      let conv = graph.add(Convolution(), name: "conv", [x, graph.addConstant(random.tensor([5, 3, 3, 3]))])
      let flat = graph.add(Flatten(), name: "flat", [graph.add(GlobalAveragePool(), name: "mean", [conv])])
      return graph.add(Gemm(), name: "gemm", [flat, graph.addConstant(random.tensor([2, 5]))])
    }
  }

  @Test func weightsThatAreComputed() throws {
    try check([1, 3, 5, 5]) { graph, x, random in
      let weight = graph.add(Relu(), name: "weight", [graph.addConstant(random.tensor([4, 3, 3, 3]))])
      return graph.add(Convolution(), name: "conv", [x, weight])
    }
  }

  @Test func oneWeightInTwoLayers() throws {
    try check([1, 5, 6, 6]) { graph, x, random in
      let weight = graph.addConstant(random.tensor([5, 5, 3, 3]))
      let first = graph.add(Convolution(padding: .init(1)), name: "first", [x, weight])
      let pool = graph.add(MaxPool(Window(kernel: .init(1))), name: "pool", [first])
      return graph.add(Convolution(padding: .init(1)), name: "second", [pool, weight])
    }
  }

  @Test func softmaxOverChannelsOfImages() throws {
    try check([2, 19, 3, 4]) { graph, x, _ in graph.add(Softmax(axis: 1), name: "softmax", [x]) }
    try check([2, 19, 3, 4]) { graph, x, _ in graph.add(Softmax(axis: -1), name: "softmax", [x]) }
  }

  /// A layer that something else reads, too, keeps its own output beside the activation's.
  @Test(arguments: [true, false]) func sharedLayersAreNotFused(_ isActivationLast: Bool) throws {
    var random = SeededRandom(seed: 5)
    var graph = Graph()
    let conv = graph.add(
      Convolution(), name: "conv", [graph.addInput("x"), graph.addConstant(random.tensor([7, 3, 3, 3]))])
    let readers: [(String, any Operator)] = [("pool", MaxPool(Window(kernel: .init(2)))), ("relu", Relu())]
    for (name, reader) in isActivationLast ? readers : readers.reversed() {
      graph.addOutput(name, graph.add(reader, name: name, [conv]))
    }
    let input = random.tensor([1, 3, 6, 6])
    for (found, expected) in zip(try Session(testing: try Network(graph)).run(input), try graph.evaluate([input])) {
      #expect(try found.largestDifference(from: expected) <= 1e-5)
    }
  }

  @Test func activationsOfEachKindAreFused() throws {
    let operations: [any Operator] = [Relu(), LeakyRelu(slope: 0.3), Sigmoid(), Tanh()]
    for operation in operations {
      try check([2, 3, 5, 5]) { graph, x, random in
        let conv = graph.add(Convolution(), name: "conv", [x, graph.addConstant(random.tensor([7, 3, 3, 3]))])
        let flat = graph.add(Flatten(), name: "flat", [graph.add(operation, name: "act", [conv])])
        let gemm = graph.add(Gemm(), name: "gemm", [flat, graph.addConstant(random.tensor([3, 63]))])
        return graph.add(operation, name: "last", [gemm])
      }
    }
  }
}
