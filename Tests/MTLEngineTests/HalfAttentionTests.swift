import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

/// Attention of bfloat16, which the reference evaluates in floats: only the weights of the values are rounded besides, and
/// so is their sum. What that changes is at most twice the unit of rounding, 2^-9, of the values' mean magnitude, which is
/// below 1 here.
@Suite("Lowerings of attention in bfloat16") struct HalfAttentionTests {
  private static let tolerance: Float = 0x1p-8

  /// Compares with the evaluation on every set, whose bits do not depend on the number of threads.
  private func check(
    _ inputShape: Shape, within tolerance: Float, plan wanted: [String], _ story: String,
    _ build: (inout Graph, ValueID, inout SeededRandom) -> ValueID
  ) throws {
    var random = SeededRandom(seed: 5)
    var graph = Graph()
    graph.addOutput("y", build(&graph, graph.addInput("x"), &random))
    let input = random.tensor(inputShape)
    let expected = try graph.evaluate([input])[0]
    let network = try Network(graph)
    for isa in InstructionSet.allCases where isa <= .detected {
      var first: [[UInt32]]?
      for threads in [1, 2, 5] {
        let session = Session(testing: network, threads: threads, isa: isa)
        let found = try session.run(input)
        #expect(try found[0].largestDifference(from: expected) <= tolerance, "\(isa), \(threads) threads, \(story)")
        let pattern = try bits(found)
        #expect(pattern == first ?? pattern, "\(isa), \(threads) threads, \(story)")
        first = pattern
        let kernels = try session.planDescription(inputShape: inputShape, tasks: [0]).map(\.kernel)
        for kernel in wanted {
          #expect(kernels.contains("\(kernel) \(isa.name)"), "\(story): \(kernels)")
        }
      }
    }
  }

  /// Queries, keys and values side by side; heads that end with blocks of 32 channels, and heads that do not; and more keys
  /// or queries than are taken together.
  @Test(arguments: [
    (1, 32, 32, 4, 5), (1, 19, 5, 4, 11), (2, 32, 64, 3, 7), (3, 16, 8, 5, 13), (2, 24, 40, 4, 11), (1, 1, 1, 1, 1),
    (2, 32, 16, 15, 20),
  ])
  func heads(_ count: Int, _ depth: Int, _ width: Int, _ rows: Int, _ columns: Int) throws {
    let (keys, values) = (count * depth, count * width)
    let shape: Shape = [2, 2 * keys + values, rows, columns]
    try check(
      shape, within: HalfAttentionTests.tolerance, plan: ["bf16 attention operands", "bf16 attention"],
      "\(count) heads of \(depth), \(width)"
    ) { graph, x, _ in
      let packed = graph.add(RoundToBFloat16(), name: "rounded", [x])
      let ends = [keys, 2 * keys, 2 * keys + values]
      let parts = zip([0, keys, 2 * keys], ends).map { start, end in
        let part = graph.add(Slice(start: start, end: end), name: "slice", [packed])
        // Slices that do not begin with a block are floats.
        return start % 32 == 0 && end % 32 == 0 ? part : graph.add(RoundToBFloat16(), name: "again", [part])
      }
      return graph.add(Attention(heads: count, scale: 0.7), name: "attention", parts)
    }
  }

  /// A rounding that follows is the kernel's, where heads end with blocks.
  @Test(arguments: [(2, 32), (1, 16), (1, 33)]) func roundedOutputs(_ count: Int, _ width: Int) throws {
    let channels = count * width
    try check(
      [2, channels, 3, 7], within: 2 * HalfAttentionTests.tolerance, plan: [], "\(count) heads of \(width)"
    ) { graph, x, random in
      let rounded = graph.add(RoundToBFloat16(), name: "rounded", [x])
      let queries = random.tensor([2, channels, 1, 40])
      let constant = graph.add(RoundToBFloat16(), name: "queries", [graph.addConstant(queries)])
      let y = graph.add(Attention(heads: count), name: "attention", [constant, rounded, rounded])
      return graph.add(MaxPool(Window(kernel: .init(1))), name: "pool", [graph.add(RoundToBFloat16(), name: "r", [y])])
    }
  }

  /// Whole windows, padded ones, shifted ones and single ones; with and without a rounding that the kernel does.
  @Test(
    arguments: [
      (1, 32, 4, 0, 8, 8), (2, 8, 4, 2, 7, 9), (3, 5, 3, 1, 5, 11), (2, 32, 7, 3, 14, 12), (3, 10, 2, 1, 3, 3),
    ], [false, true])
  func windows(_ case: (Int, Int, Int, Int, Int, Int), isRounded: Bool) throws {
    let (heads, depth, window, shift, rows, columns) = `case`
    let channels = heads * depth
    try check(
      [2, 3 * channels, rows, columns], within: (isRounded ? 2 : 1) * HalfAttentionTests.tolerance,
      plan: isRounded ? [] : ["bf16 window attention"], "\(heads) heads, window \(window)"
    ) { graph, x, random in
      let tokens = window * window
      let padding = (0..<3 * channels).map { _ in Float.random(in: -1...1, using: &random).roundedToBFloat16 }
      let operands = [
        graph.add(RoundToBFloat16(), name: "rounded", [x]),
        graph.addConstant(random.tensor([heads, tokens, tokens])),
        graph.addConstant(Tensor(padding, shape: [3 * channels])),
      ]
      let attention = WindowAttention(heads: heads, window: .init(window), shift: .init(shift))
      let y = graph.add(attention, name: "attention", operands)
      guard isRounded else { return y }
      return graph.add(MaxPool(Window(kernel: .init(1))), name: "pool", [graph.add(RoundToBFloat16(), name: "r", [y])])
    }
  }

  /// A network of floats that is rounded: from the convolution in front of it to the one behind, all is bfloat16.
  @Test func betweenConvolutions() throws {
    var random = SeededRandom(seed: 9)
    var graph = Graph()
    let packed = graph.convolved(graph.addInput("x"), 64, to: 3 * 64, &random)
    let parts = (0..<3).map { graph.add(Slice(start: 64 * $0, end: 64 * $0 + 64), name: "slice", [packed]) }
    let y = graph.add(Attention(heads: 2), name: "attention", parts)
    let inverted = graph.add(Attention(heads: 2, isInverted: true), name: "inverted", parts)
    graph.addOutput("y", graph.convolved(y, 64, to: 5, &random))
    graph.addOutput("z", inverted)
    let table = QuantizationTable(isBFloat16: true)
    let network = try Network(try graph.quantized(by: table))
    let session = Session(testing: network, isa: .scalar)
    let kernels = try session.planDescription(inputShape: [1, 64, 3, 5], tasks: [0, 1]).map(\.kernel)
    #expect(
      kernels == [
        "round to bf16 scalar", "bf16 convolution scalar to bf16", "bf16 attention operands scalar",
        "bf16 attention scalar to bf16", "bf16 to floats scalar", "bf16 to floats scalar", "bf16 to floats scalar",
        "attention operands", "attention of keys scalar", "attention scalar", "bf16 convolution scalar",
      ])
  }
}
