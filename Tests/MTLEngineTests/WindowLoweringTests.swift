import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

@Suite("Lowerings of windows over images") struct WindowLoweringTests {
  /// Groups of one channel, of whole blocks, of parts of blocks, and with more outputs than inputs.
  @Test(arguments: [
    (19, 1, 1), (48, 1, 1), (5, 1, 2), (2, 16, 16), (3, 32, 16), (8, 4, 4), (32, 4, 4), (6, 5, 3), (4, 8, 24),
  ])
  func groupedConvolutions(_ groups: Int, _ inputs: Int, _ outputs: Int) throws {
    for number in 0..<4 {
      var random = SeededRandom(seed: UInt64(number))
      let shape: Shape = [random.integer(1...2), groups * inputs, random.integer(3...8), random.integer(3...20)]
      let convolution = Convolution(
        stride: .init(random.integer(1...2)), dilation: .init(random.integer(1...2)), padding: .init(2), groups: groups)
      let kernel = random.integer(1...3)
      try checkLowering(shape, within: 2e-5, "\(groups) groups of \(inputs) to \(outputs)") { graph, x, random in
        var operands = [x, graph.addConstant(random.tensor([groups * outputs, inputs, kernel, kernel]))]
        if number > 0 { operands.append(graph.addConstant(random.tensor([groups * outputs]))) }
        let y = graph.add(convolution, name: "conv", operands)
        return graph.add(number == 1 ? Relu() : Tanh(), name: "act", [y])
      }
    }
  }

  @Test(arguments: 0..<30) func transposedConvolutions(_ number: Int) throws {
    var random = SeededRandom(seed: UInt64(700 + number))
    while true {
      let groups = random.once(in: 4) ? 2 : 1
      let (inputs, outputs) = (groups * random.pick([1, 5, 16, 20]), groups * random.pick([1, 3, 16, 35]))
      let kernel = Window.Pair(random.integer(1...5), random.integer(1...5))
      let stride = Window.Pair(random.integer(1...3), random.integer(1...3))
      let operation = ConvolutionTranspose(
        stride: stride, dilation: .init(random.integer(1...3)), padding: .init(random.integer(0...2)),
        outputPadding: .init(random.integer(0...stride.rows - 1), random.integer(0...stride.columns - 1)),
        groups: groups)
      let shape: Shape = [random.integer(1...2), inputs, random.integer(1...5), random.integer(1...9)]
      let weight: Shape = [inputs, outputs / groups, kernel.rows, kernel.columns]
      guard let output = try? operation.outputShapes([shape, weight])[0], output.elementCount > 0 else { continue }
      return try checkLowering(shape, within: 2e-5, "\(operation) \(weight)") { graph, x, random in
        var operands = [x, graph.addConstant(random.tensor(weight))]
        if number % 3 > 0 { operands.append(graph.addConstant(random.tensor([outputs]))) }
        let y = graph.add(operation, name: "transposed", operands)
        return graph.add(LeakyRelu(slope: 0.2), name: "act", [y])
      }
    }
  }

  @Test(arguments: 0..<8) func poolsWithIndicesAndBack(_ number: Int) throws {
    var random = SeededRandom(seed: UInt64(800 + number))
    let shape: Shape = [
      random.integer(1...2), random.pick([3, 16, 29]), random.integer(2...9), random.integer(2...11),
    ]
    let window = Window(kernel: .init(2), stride: .init(random.integer(1...2)), padding: .init(random.integer(0...1)))
    try checkLowering(shape) { graph, x, random in
      graph.add(MaxPoolWithIndices(window, ceil: number % 2 == 0), name: "pool", [x])
      let outputs = graph.nodes[graph.nodes.count - 1].outputs
      return graph.add(MaxUnpool(), name: "unpool", outputs + [x])
    }
  }
}
