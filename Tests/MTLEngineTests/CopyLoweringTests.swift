import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

@Suite("Lowerings that copy pixels") struct CopyLoweringTests {
  @Test(arguments: 0...3, 0..<4) func concatenations(_ axis: Int, _ number: Int) throws {
    var random = SeededRandom(seed: UInt64(900 + number))
    let shape = random.imageShape()
    let channels = axis == 1 ? [5, 16, 30] : [21, 21, 21]
    try checkLowering(shape, "axis \(axis)") { graph, x, random in
      let parts = channels.map { graph.convolved(x, shape[1], to: $0, &random) }
      let joined = graph.add(Concat(axis: axis), name: "concat", parts)
      return graph.convolved(joined, axis == 1 ? 51 : 21, to: 4, &random)
    }
  }

  @Test(arguments: 0...3, [(0, 1), (1, 1), (1, 2)]) func slices(_ axis: Int, _ range: (Int, Int)) throws {
    guard axis != 1 || range.1 == 1 else { return }
    try checkLowering([3, 37, 5, 6], "axis \(axis), \(range)") { graph, x, random in
      let slice = Slice(axis: axis, start: range.0, end: range.0 == 0 ? 2 : nil, step: range.1)
      let y = graph.add(slice, name: "slice", [graph.add(Relu(), name: "relu", [x])])
      return graph.add(Tanh(), name: "tanh", [y])
    }
  }

  @Test(arguments: [Float(0), -2]) func borders(_ value: Float) throws {
    try checkLowering([2, 19, 4, 5]) { graph, x, random in
      let pad = Pad(.init(top: 1, left: 2, bottom: 0, right: 3), value: value)
      return graph.convolved(graph.add(pad, name: "pad", [x]), 19, to: 4, &random)
    }
  }

  @Test(arguments: [3, 16, 20, 32]) func neighboursToChannels(_ channels: Int) throws {
    for (rows, columns) in [(4, 6), (5, 7), (1, 1)] {
      try checkLowering([2, channels, rows, columns]) { graph, x, random in
        graph.convolved(graph.add(SpaceToDepth(), name: "merge", [x]), 4 * channels, to: 5, &random)
      }
    }
  }
}
