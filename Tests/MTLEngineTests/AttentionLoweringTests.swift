import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

@Suite("Lowerings of attention") struct AttentionLoweringTests {
  /// Heads that end where blocks do, and heads that do not; more keys than queries.
  @Test(arguments: [
    (1, 16, 16), (1, 19, 5), (2, 16, 32), (3, 8, 16), (3, 16, 8), (4, 5, 7), (2, 24, 40), (1, 1, 1),
  ])
  func heads(_ count: Int, _ depth: Int, _ width: Int) throws {
    for number in 0..<2 {
      let shape: Shape = [2, count * depth, 4 + number, 11]
      try checkLowering(shape, "\(count) heads of \(depth), \(width)") { graph, x, random in
        let pooled = graph.add(MaxPool(Window(kernel: .init(2))), name: "pool", [x])
        let keys = graph.convolved(number == 0 ? x : pooled, count * depth, to: count * depth, &random)
        let values = graph.convolved(number == 0 ? x : pooled, count * depth, to: count * width, &random)
        let attention = Attention(heads: count, scale: number == 0 ? nil : 0.7)
        let y = graph.add(attention, name: "attention", [x, keys, values])
        return graph.convolved(y, count * width, to: 3, &random)
      }
    }
  }

  /// Fewer keys than a chunk and several chunks, images of one query too.
  @Test(arguments: [(1, 16, 16, 4, 5), (3, 5, 7, 16, 31), (2, 24, 8, 20, 20), (2, 16, 32, 2, 2)])
  func inverted(_ count: Int, _ depth: Int, _ width: Int, _ rows: Int, _ columns: Int) throws {
    try checkLowering([2, count * depth, rows, columns], "\(count) heads of \(depth), \(width)") { graph, x, random in
      let pooled = graph.add(MaxPool(Window(kernel: .init(2))), name: "pool", [x])
      let values = graph.convolved(x, count * depth, to: count * width, &random)
      return graph.add(Attention(heads: count, isInverted: true), name: "attention", [pooled, x, values])
    }
  }

  /// A query that every key turns away from is divided by the smallest sum.
  @Test func invertedWithoutATaker() throws {
    try checkLowering([1, 16, 3, 3]) { graph, x, random in
      var queries = [Float](repeating: 0, count: 16 * 4)
      for channel in 0..<16 { queries[channel * 4] = -40 }
      let keys = graph.add(Sigmoid(), name: "keys", [x])
      let operands = [graph.addConstant(Tensor(queries, shape: [1, 16, 2, 2])), keys, x]
      return graph.add(Attention(heads: 1, isInverted: true), name: "attention", operands)
    }
  }

  /// Whole windows, padded ones, shifted ones and single ones.
  @Test(arguments: [
    (1, 16, 4, 0, 8, 8), (2, 8, 4, 2, 7, 9), (3, 5, 3, 1, 5, 11), (2, 32, 4, 2, 4, 12), (3, 10, 2, 1, 3, 3),
  ])
  func windows(_ heads: Int, _ depth: Int, _ window: Int, _ shift: Int, _ rows: Int, _ columns: Int) throws {
    let channels = heads * depth
    try checkLowering([2, channels, rows, columns], "\(heads) heads, window \(window)") { graph, x, random in
      let packed = graph.convolved(x, channels, to: 3 * channels, &random)
      let tokens = window * window
      let operands = [
        packed, graph.addConstant(random.tensor([heads, tokens, tokens])),
        graph.addConstant(random.tensor([3 * channels])),
      ]
      let attention = WindowAttention(heads: heads, window: .init(window), shift: .init(shift))
      return graph.convolved(graph.add(attention, name: "attention", operands), channels, to: 3, &random)
    }
  }
}
