import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

/// Values that are no images: tokens of N x T x C and the matrices of attention, in plain order.
@Suite("Lowerings of operators on row-major values") struct PlanarLoweringTests {
  /// N x T x C from an image N x C x T x 1.
  private func tokens(_ graph: inout Graph, _ x: ValueID, _ shape: Shape) -> ValueID {
    let rows = graph.add(Reshape([shape[0], shape[1], shape[2]]), name: "rows", [x])
    return graph.add(Transpose([0, 2, 1]), name: "tokens", [rows])
  }

  private func shape(_ number: Int) -> Shape {
    var random = SeededRandom(seed: UInt64(number + 70))
    return [random.integer(1...3), random.pick([4, 16, 23, 37]), random.integer(2...21), 1]
  }

  @Test(arguments: 0..<6) func matrixProducts(_ number: Int) throws {
    let shape = shape(number)
    try checkLowering(shape, within: 1e-4) { graph, x, _ in
      let queries = tokens(&graph, x, shape)
      let keys = graph.add(Transpose([0, 2, 1]), name: "keys", [queries])
      let scores = graph.add(MatMul(), name: "scores", [queries, keys])
      let weights = graph.add(Softmax(axis: -1), name: "weights", [scores])
      return graph.add(MatMul(), name: "mixed", [weights, queries])
    }
  }

  /// The left side is one matrix for all images.
  @Test func productsThatBroadcast() throws {
    try checkLowering([3, 8, 5, 1], within: 1e-5) { graph, x, random in
      let matrix = graph.addConstant(random.tensor([7, 5]))
      return graph.add(MatMul(), name: "y", [matrix, tokens(&graph, x, [3, 8, 5, 1])])
    }
  }

  /// The right side is one matrix for all images, which makes one product of them.
  @Test func productsWithOneMatrix() throws {
    try checkLowering([3, 8, 5, 1], within: 1e-5) { graph, x, random in
      let matrix = graph.add(Relu(), name: "matrix", [graph.add(Slice(axis: 0, start: 0, end: 1), name: "first", [x])])
      let factors = graph.add(Reshape([8, 5]), name: "factors", [matrix])
      return graph.add(MatMul(), name: "y", [tokens(&graph, x, [3, 8, 5, 1]), factors])
    }
  }

  /// Heads of attention as exporters write them: sides whose rows lie apart, or whose columns lie together.
  @Test(arguments: [[0, 2, 1, 3], [0, 2, 3, 1], [2, 0, 1, 3], [0, 1, 3, 2], [3, 1, 2, 0]])
  func productsOfTransposes(_ order: [Int]) throws {
    let sizes = [2, 3, 5, 4]
    try checkLowering([2, 3, 5, 4], within: 1e-5) { graph, x, random in
      let turned = graph.add(Transpose(order), name: "turned", [graph.add(Relu(), name: "relu", [x])])
      let (rows, columns) = (sizes[order[2]], sizes[order[3]])
      let (before, behind) = (
        graph.addConstant(random.tensor([7, rows])), graph.addConstant(random.tensor([columns, 1]))
      )
      let product = graph.add(MatMul(), name: "right", [before, turned])
      let other = graph.add(Transpose(order), name: "other", [graph.add(Sigmoid(), name: "sigmoid", [x])])
      let outer = graph.add(MatMul(), name: "left", [other, behind])
      return graph.add(
        Concat(axis: 0), name: "y",
        [graph.add(Reshape([-1]), name: "a", [product]), graph.add(Reshape([-1]), name: "b", [outer])])
    }
  }

  @Test(arguments: 0..<4) func layerNormalization(_ number: Int) throws {
    let shape = shape(number)
    try checkLowering(shape, within: 1e-5) { graph, x, random in
      let factors = (0..<2).map { _ in graph.addConstant(random.tensor([shape[1]])) }
      let rows = tokens(&graph, x, shape)
      return graph.add(LayerNormalization(axis: -1, epsilon: 1e-6), name: "norm", [rows] + factors)
    }
  }

  @Test(arguments: 0..<4) func instanceNormalization(_ number: Int) throws {
    let shape = shape(number)
    try checkLowering(shape, within: 1e-5) { graph, x, random in
      let factors = (0..<2).map { _ in graph.addConstant(random.tensor([shape[2]])) }
      let rows = tokens(&graph, x, shape)
      return graph.add(InstanceNormalization(epsilon: 1e-5), name: "norm", [rows] + factors)
    }
  }

  @Test(arguments: 0..<4) func batchNormalizationOfTokens(_ number: Int) throws {
    let shape = shape(number)
    try checkLowering(shape, within: 1e-4) { graph, x, random in
      let statistics = (0..<4).map { _ in graph.addConstant(random.tensor([shape[2]], in: 0.5...2)) }
      let rows = graph.add(Tanh(), name: "tanh", [tokens(&graph, x, shape)])
      return graph.add(BatchNormalization(epsilon: 1e-5), name: "norm", [rows] + statistics)
    }
  }

  @Test(arguments: 0..<6) func softmaxAlongAnyAxis(_ number: Int) throws {
    let shape = shape(number)
    try checkLowering(shape, within: 1e-5) { graph, x, _ in
      let rows = tokens(&graph, x, shape)
      return graph.add(number < 3 ? Softmax(axis: number % 3) : LogSoftmax(axis: number % 3), name: "softmax", [rows])
    }
  }

  @Test(arguments: 0..<16) func sumsAndProductsThatBroadcast(_ number: Int) throws {
    let shape = shape(number)
    let (n, t, c) = (shape[0], shape[2], shape[1])
    let other: Shape = [[c], [1, t, 1], [n, 1, c], [1]][number / 4]
    let operation: any BinaryOperator = [Add(), Sub(), Mul(), Div()][number % 4]
    for isSwapped in [false, true] {
      // Far from zero, so that quotients are tame.
      try checkLowering(shape, within: 1e-4) { graph, x, random in
        let rows = graph.add(Sigmoid(), name: "gate", [tokens(&graph, x, shape)])
        let constant = graph.addConstant(random.tensor(other, in: 1...2))
        return graph.add(operation, name: "y", isSwapped ? [constant, rows] : [rows, constant])
      }
    }
  }

  @Test(arguments: 0..<4) func movedElements(_ number: Int) throws {
    let shape = shape(number)
    try checkLowering(shape) { graph, x, random in
      let rows = tokens(&graph, x, shape)
      let slice = graph.add(Slice(axis: 1, start: 1, end: nil, step: number % 2 + 1), name: "slice", [rows])
      let joined = graph.add(Concat(axis: 1), name: "joined", [slice, rows, slice])
      let places = graph.addConstant(Tensor([0, -1, 1], as: .int64, shape: [3]))
      let gathered = graph.add(Gather(axis: 2), name: "gather", [joined, places])
      let flat = graph.add(Flatten(), name: "flat", [gathered])
      return graph.add(Concat(axis: 1), name: "y", [flat, flat])
    }
  }

  @Test func movedByAttributes() throws {
    try checkLowering([2, 6, 5, 4]) { graph, x, _ in
      let blocks = graph.add(GeneralSpaceToDepth(blockSize: 1), name: "blocks", [x])
      let turned = graph.add(Transpose([0, 2, 3, 1]), name: "turned", [blocks])
      return graph.add(Reshape([2, 10, 12]), name: "y", [turned])
    }
  }

  @Test(arguments: 0..<6) func reductions(_ number: Int) throws {
    let attributes = Attributes(
      ["axes": .integers([[1], [2], [0, 2]][number % 3]), "keepdims": .integer(number / 3)], opset: 13, inputCount: 1,
      outputCount: 1)
    let shape = shape(number)
    for name in ["ReduceSum", "ReduceMean", "ReduceL2", "ReduceSumSquare", "ReduceMax", "ReduceMin"] {
      let operation = try #require(OperatorCatalog.find(name, domain: "")).make(attributes)
      try checkLowering(shape, within: 1e-4, name) { graph, x, _ in
        graph.add(operation, name: name, [tokens(&graph, x, shape)])
      }
    }
  }

  @Test func functionsOfElements() throws {
    try checkLowering([2, 19, 3, 5]) { graph, x, random in
      let bounds = [Float(-0.5), 0.25].map { graph.addConstant(Tensor([$0], shape: [])) }
      let clipped = graph.add(Clip(), name: "clip", [x] + bounds)
      let curve = graph.add(HardSigmoid(), name: "gate", [clipped])
      // Blocks that are not full must keep zeros there: the convolution would add what is in them.
      return graph.convolved(graph.add(ClippedRelu(limit: 0.5), name: "relu", [curve]), 19, to: 3, &random)
    }
  }
}
