import Testing

@testable import MTLGraph

@Suite("WindowAttention")
struct WindowAttentionTests {
  /// Four pixels in a row with the values 1, 2, 4, 8, padded with 16. Queries and keys are zero, so that a pixel gets the
  /// mean of what it sees.
  private func means(
    _ edges: WindowAttention.Edges, window: Window.Pair = .init(1, 3), shift: Window.Pair = .init(0, 1),
    bias: [Float] = [Float](repeating: 0, count: 9)
  ) throws -> [Float] {
    let image = Tensor([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8], shape: [1, 3, 1, 4])
    let tokens = window.rows * window.columns
    let inputs = [image, Tensor(bias, shape: [1, tokens, tokens]), Tensor([0, 0, 16], shape: [3])]
    let operation = WindowAttention(heads: 1, window: window, shift: shift, edges: edges)
    return try operation.evaluate(inputs)[0].floats()
  }

  private func expectClose(_ found: [Float], _ expected: [Float]) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-5, "\(found), not \(expected)") }
  }

  @Test func paddingRollsAwayFromTheFirstPixel() throws {
    expectClose(try means(.paddedFirst), [1, 14.0 / 3, 14.0 / 3, 14.0 / 3])
  }

  @Test func paddingStaysBehindTheRolledFirstPixel() throws {
    expectClose(try means(.rolledFirst), [17.0 / 2, 14.0 / 3, 14.0 / 3, 14.0 / 3])
  }

  @Test func nothingIsShiftedWhereOneSideIsAWindow() throws {
    expectClose(try means(.paddedFirstOrWhole), [7.0 / 3, 7.0 / 3, 7.0 / 3, 40.0 / 3])
  }

  @Test func aSingleWindowIsNotShifted() throws {
    let bias = [Float](repeating: 0, count: 16)
    for edges in [WindowAttention.Edges.paddedFirst, .rolledFirst, .paddedFirstOrWhole] {
      let found = try means(edges, window: .init(1, 4), shift: .init(0, 2), bias: bias)
      expectClose(found, [3.75, 3.75, 3.75, 3.75])
    }
  }

  @Test func theBiasIsByQueryAndKey() throws {
    // Every query sees the second key alone.
    let bias: [Float] = [0, 90, 0, 0, 90, 0, 0, 90, 0]
    expectClose(try means(.paddedFirst, shift: .init(0, 0), bias: bias), [2, 2, 2, 16])
  }

  @Test func sizesThatDoNotFitAreRefused() {
    let operation = WindowAttention(heads: 2, window: .init(2, 3), shift: .init(1, 1))
    let good: [Shape] = [[1, 12, 5, 5], [2, 6, 6], [12]]
    #expect((try? operation.outputShapes(good)) == [[1, 4, 5, 5]])
    for (index, bad) in [(0, [1, 9, 5, 5]), (0, [12, 5, 5]), (1, [2, 6, 5]), (2, [4])] as [(Int, Shape)] {
      var shapes = good
      shapes[index] = bad
      #expect(throws: MTLError.self) { try operation.outputShapes(shapes) }
    }
    for (window, shift) in [(0, 0), (3, 3), (257, 0), (2, -1)] {
      let wrong = WindowAttention(heads: 1, window: .init(window), shift: .init(shift))
      #expect(throws: MTLError.self) { try wrong.outputShapes([[1, 3, 4, 4], [1, 4, 4], [3]]) }
    }
  }
}
