import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

/// Runs a graph at every instruction set, on one thread and on three, against the reference evaluation; no step may be
/// left to that.
func checkLowering(
  _ inputShape: Shape, seed: UInt64 = 4, within tolerance: Float = 1e-5, _ story: String = "",
  sourceLocation: SourceLocation = #_sourceLocation,
  _ build: (inout Graph, ValueID, inout SeededRandom) -> ValueID
) throws {
  var random = SeededRandom(seed: seed)
  var graph = Graph()
  graph.addOutput("y", build(&graph, graph.addInput("x"), &random))
  let input = random.tensor(inputShape)
  let expected = try graph.evaluate([input])[0]
  for isa in InstructionSet.allCases where isa <= .detected {
    for threads in [1, 3] {
      let session = Session(testing: try Network(graph), threads: threads, isa: isa)
      let found = try session.run(input)[0]
      #expect(
        try found.largestDifference(from: expected) <= tolerance, "\(isa), \(threads) threads, \(inputShape) \(story)",
        sourceLocation: sourceLocation)
      let reference = try session.planDescription(inputShape: inputShape, tasks: [0]).filter {
        $0.kernel.contains("reference")
      }
      #expect(reference.isEmpty, "\(reference) \(story)", sourceLocation: sourceLocation)
    }
  }
}

extension SeededRandom {
  /// An image shape whose channels are mostly no multiple of 16.
  mutating func imageShape(channels: Int? = nil) -> Shape {
    [integer(1...2), channels ?? pick([1, 3, 16, 17, 29, 32, 40]), integer(1...9), integer(1...11)]
  }
}

extension Graph {
  /// Another value made from `x` with these channels.
  mutating func convolved(_ x: ValueID, _ inputs: Int, to outputs: Int, _ random: inout SeededRandom) -> ValueID {
    let weight = addConstant(random.tensor([outputs, inputs, 1, 1]))
    let bias = addConstant(random.tensor([outputs], in: 1...2))
    return add(Convolution(), name: "conv\(valueCount)", [x, weight, bias])
  }
}

@Suite("Lowerings of operators on images") struct OperatorLoweringTests {
  @Test(arguments: 0..<24) func binaryWithBroadcasting(_ number: Int) throws {
    var random = SeededRandom(seed: UInt64(200 + number))
    let shape = random.imageShape()
    let operations: [any Operator] = [Add(), Sub(), Mul(), Div()]
    let activations: [any Operator] = [Relu(), Sigmoid(), Gelu(), Identity()]
    let isMean = random.once(in: 3)
    let channels = random.once(in: 2) ? 1 : shape[1]
    let (operation, activation) = (operations[number % 4], random.pick(activations))
    let isSwapped = random.once(in: 2)
    try checkLowering(shape, within: 1e-4) { graph, x, random in
      // Far from zero, so that quotients are tame.
      var other = graph.add(Sigmoid(), name: "gate", [graph.convolved(x, shape[1], to: channels, &random)])
      if isMean { other = graph.add(GlobalAveragePool(), name: "mean", [other]) }
      let operands = isSwapped && number % 4 != 3 ? [other, x] : [x, other]
      return graph.add(activation, name: "act", [graph.add(operation, name: "op", operands)])
    }
  }

  @Test func binaryOnRows() throws {
    try checkLowering([3, 37, 1, 1]) { graph, x, _ in
      let rows = graph.add(Flatten(), name: "rows", [x])
      return graph.add(Mul(), name: "mul", [rows, graph.add(Sigmoid(), name: "gate", [rows])])
    }
  }

  @Test(arguments: 0..<12) func weightedSums(_ number: Int) throws {
    var random = SeededRandom(seed: UInt64(300 + number))
    let (shape, count) = (random.imageShape(), random.integer(1...4))
    try checkLowering(shape) { graph, x, random in
      let mean = graph.add(GlobalAveragePool(), name: "mean", [graph.convolved(x, shape[1], to: count, &random)])
      let gate = graph.add(Softmax(axis: 1), name: "gate", [graph.add(Flatten(), name: "rows", [mean])])
      let experts = (0..<count).map { _ in graph.convolved(x, shape[1], to: 21, &random) }
      return graph.add(WeightedSum(count: count), name: "sum", [gate] + experts)
    }
  }

  @Test(arguments: 0..<16) func overChannels(_ number: Int) throws {
    var random = SeededRandom(seed: UInt64(500 + number))
    let shape = random.imageShape(channels: number % 4 == 0 ? 67 : nil)
    try checkLowering(shape, within: number % 4 == 0 ? 3e-5 : 1e-5) { graph, x, random in
      let operations: [any Operator] = [
        LayerNormalization(epsilon: 1e-2), L2Normalize(), Softmax(axis: 1), LogSoftmax(axis: -3),
      ]
      let statistics = number % 4 == 0 ? (0..<2).map { _ in graph.addConstant(random.tensor([shape[1]])) } : []
      let y = graph.add(operations[number % 4], name: "op", [x] + statistics)
      return graph.convolved(y, shape[1], to: 5, &random)
    }
  }

  @Test(arguments: Resize.Mode.allCases) func resizes(_ mode: Resize.Mode) throws {
    for number in 0..<6 {
      var random = SeededRandom(seed: UInt64(600 + number))
      let (shape, rows, columns) = (random.imageShape(), random.integer(1...20), random.integer(1...20))
      try checkLowering(shape, "to \(rows) x \(columns)") { graph, x, _ in
        graph.add(Resize(mode, to: number == 0 ? .scale(3) : .size(rows, columns)), name: "resize", [x])
      }
    }
  }

  @Test(arguments: [(2, 3, 4, 5), (3, 16, 3, 3), (5, 4, 1, 2)])
  func channelGroups(_ size: Int, _ groups: Int, _ rows: Int, _ columns: Int) throws {
    try checkLowering([2, size * groups, rows, columns]) { graph, x, random in
      let y = graph.add(ChannelGroupSoftmax(size: size), name: "softmax", [x])
      return graph.convolved(y, size * groups, to: 3, &random)
    }
  }

  @Test(arguments: [1, 7], [5, 16, 37]) func rowsOfFeatures(_ images: Int, _ width: Int) throws {
    try checkLowering([images, width, 1, 1], within: 3e-5) { graph, x, random in
      let rows = graph.add(Flatten(), name: "rows", [x])
      let statistics = (0..<2).map { _ in graph.addConstant(random.tensor([width])) }
      let norm = graph.add(LayerNormalization(axis: -1, epsilon: 1e-2), name: "norm", [rows] + statistics)
      let byChannel = graph.addConstant(random.tensor([1, 2, width]))
      let sum = graph.add(WeightedSum(count: 2), name: "mix", [byChannel, rows, norm])
      let gate = graph.add(Gemm(), name: "gate", [sum, graph.addConstant(random.tensor([3, width]))])
      return graph.add(WeightedSum(count: 3), name: "sum", [gate, rows, norm, sum])
    }
  }

  @Test func constantsAreOperands() throws {
    try checkLowering([2, 19, 3, 4]) { graph, x, random in
      let positions = graph.addConstant(random.tensor([1, 19, 3, 4]))
      let scale = graph.addConstant(Tensor([0.25], shape: [1]))
      return graph.add(Mul(), name: "mul", [graph.add(Add(), name: "add", [positions, x]), scale])
    }
  }

  /// More work than the reference evaluation is given when a plan is made.
  @Test func constantsAreFoldedByKernels() throws {
    try checkLowering([2, 50, 15, 20]) { graph, x, random in
      let positions = graph.convolved(graph.addConstant(random.tensor([1, 70, 15, 20])), 70, to: 50, &random)
      return graph.add(Add(), name: "add", [x, positions])
    }
  }

  @Test func activations() throws {
    for operation in [Gelu(), Silu(), HardSwish(), Sigmoid(), Tanh()] as [any Operator] {
      try checkLowering([2, 19, 3, 4], operation.name) { graph, x, _ in graph.add(operation, name: "act", [x]) }
    }
  }
}
