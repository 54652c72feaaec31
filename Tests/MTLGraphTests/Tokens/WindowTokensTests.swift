import TestSupport
import Testing

@testable import MTLGraph

/// Swin's attention as exporters write it: padding, rolling, windows by reshape and transpose, a bias and a mask, and back.
@Suite("Windows of tokens") struct WindowTokensTests {
  struct Case: CustomStringConvertible {
    var images = 1
    var rows = 8
    var columns = 8
    var window = 4
    var shift = 2
    var edges = WindowAttention.Edges.paddedFirst
    /// What the mask hides with.
    var hidden: Float = -100
    /// Whether the padding of the result is looked at.
    var keepsPadding = false
    /// Rounded behind each step, as quantizers do.
    var isRounded = false
    /// The lowest of the masked scores' grid.
    var lowest: Float = -110

    var description: String {
      "\(images)x\(rows)x\(columns) window \(window) shift \(shift) \(edges)\(isRounded ? " rounded" : "")"
    }
    var operation: WindowAttention {
      WindowAttention(heads: 2, window: Window.Pair(window), shift: Window.Pair(shift), edges: edges)
    }
  }

  private static let width = 8

  /// Rounds a value to so many steps for each unit, where the case wants it.
  private func rounded(
    _ graph: inout Graph, _ value: ValueID, _ given: Case, steps: Float, zeroPoint: UInt8 = 128
  ) -> ValueID {
    guard given.isRounded, let grid = ByteGrid(scale: 1 / steps, zeroPoint: zeroPoint) else { return value }
    return graph.add(FakeQuantize(grid: grid), name: "rounded", [value])
  }

  /// The graph, and the grid of its windows.
  private func graph(_ given: Case, _ random: inout SeededRandom) throws -> Graph {
    let grid = given.operation.grid(rows: given.rows, columns: given.columns)
    let (high, wide) = (grid.rows.windows * given.window, grid.columns.windows * given.window)
    var graph = Graph()
    let image = graph.addInput("image")
    let tokens = graph.add(Transpose([0, 2, 3, 1]), name: "tokens", [image])
    let start = rounded(&graph, tokens, given, steps: 64)
    var value = rounded(&graph, pad(&graph, start, given, high, wide), given, steps: 64)
    value = rounded(&graph, roll(&graph, value, grid.rows.shift, grid.columns.shift), given, steps: 64)
    let cut = graph.add(
      Reshape([given.images, high / given.window, given.window, wide / given.window, given.window, 8]), name: "cut",
      [value])
    let turnedWindows = graph.add(
      Transpose([0, 1, 3, 2, 4, 5]), name: "windows", [rounded(&graph, cut, given, steps: 64)])
    let windows = rounded(&graph, turnedWindows, given, steps: 64)
    let answer = attend(&graph, windows, grid, given, &random)
    let apart = graph.add(
      Reshape([given.images, high / given.window, wide / given.window, given.window, given.window, 8]), name: "apart",
      [answer])
    let turned = graph.add(Transpose([0, 1, 3, 2, 4, 5]), name: "back", [apart])
    value = graph.add(Reshape([given.images, high, wide, 8]), name: "joined", [turned])
    value = roll(&graph, value, (high - grid.rows.shift) % high, (wide - grid.columns.shift) % wide)
    if !given.keepsPadding {
      value = graph.add(Slice(axis: 1, start: 0, end: given.rows), name: "rows", [value])
      value = graph.add(Slice(axis: 2, start: 0, end: given.columns), name: "columns", [value])
      value = graph.add(Add(), name: "residual", [tokens, value])
    }
    graph.addOutput("y", graph.add(Transpose([0, 3, 1, 2]), name: "y", [value]))
    return graph
  }

  private func pad(_ graph: inout Graph, _ value: ValueID, _ given: Case, _ high: Int, _ wide: Int) -> ValueID {
    let pads = [0, 0, 0, 0, 0, high - given.rows, wide - given.columns, 0]
    if pads.allSatisfy({ $0 == 0 }) { return value }
    let list = NumberList(attribute: pads, orInput: 1)
    return graph.add(GeneralPad(mode: .constant, pads: list, value: 0), name: "pad", [value])
  }

  private func roll(_ graph: inout Graph, _ value: ValueID, _ rows: Int, _ columns: Int) -> ValueID {
    var value = value
    for (axis, shift) in [(1, rows), (2, columns)] where shift > 0 {
      let behind = graph.add(Slice(axis: axis, start: shift), name: "behind", [value])
      let front = graph.add(Slice(axis: axis, start: 0, end: shift), name: "front", [value])
      value = graph.add(Concat(axis: axis), name: "roll", [behind, front])
    }
    return value
  }

  private func attend(
    _ graph: inout Graph, _ windows: ValueID, _ grid: WindowAttention.Grid, _ given: Case, _ random: inout SeededRandom
  ) -> ValueID {
    let (tokens, count) = (given.window * given.window, grid.windowCount)
    let all = given.images * count
    let rows = graph.add(Reshape([all * tokens, 8]), name: "rows", [windows])
    let joined = rounded(&graph, graph.linear("qkv", rows, 8, 24, bias: true, &random), given, steps: 50)
    let shaped = graph.add(Reshape([all, tokens, 3, 2, 4]), name: "apart", [joined])
    let apart = rounded(&graph, shaped, given, steps: 50)
    let turned = graph.add(Transpose([2, 0, 3, 1, 4]), name: "turned", [apart])
    let parts = (0..<3).map { part in
      let slice = graph.add(Slice(axis: 0, start: part, end: part + 1), name: "slice", [turned])
      let own = graph.add(Reshape([all, 2, tokens, 4]), name: "part", [rounded(&graph, slice, given, steps: 50)])
      return rounded(&graph, own, given, steps: 50)
    }
    let half = graph.add(Mul(), name: "scaled", [parts[0], graph.addConstant(Tensor([0.5], shape: []))])
    let scaled = rounded(&graph, half, given, steps: 90)
    let keys = graph.add(Transpose([0, 1, 3, 2]), name: "keys", [parts[1]])
    var scores = graph.add(MatMul(), name: "scores", [scaled, rounded(&graph, keys, given, steps: 50)])
    scores = rounded(&graph, scores, given, steps: 40)
    scores = graph.add(Add(), name: "bias", [scores, graph.addConstant(random.tensor([1, 2, tokens, tokens]))])
    scores = rounded(&graph, scores, given, steps: 30)
    if grid.rows.shift + grid.columns.shift > 0 {
      scores = graph.add(Reshape([given.images, count, 2, tokens, tokens]), name: "by image", [scores])
      scores = graph.add(Add(), name: "masked", [scores, graph.addConstant(mask(grid, tokens, given.hidden))])
      scores = rounded(&graph, scores, given, steps: 240 / -given.lowest, zeroPoint: 240)
      scores = graph.add(Reshape([all, 2, tokens, tokens]), name: "by window", [scores])
      scores = rounded(&graph, scores, given, steps: 240 / -given.lowest, zeroPoint: 240)
    }
    let weights = graph.add(Softmax(), name: "weights", [scores])
    let answer = graph.add(
      MatMul(), name: "answer", [rounded(&graph, weights, given, steps: 255, zeroPoint: 0), parts[2]])
    let rest = rounded(&graph, answer, given, steps: 70)
    let back = rounded(&graph, graph.add(Transpose([0, 2, 1, 3]), name: "heads", [rest]), given, steps: 70)
    return graph.linear("projection", graph.add(Reshape([all * tokens, 8]), name: "rows", [back]), 8, 8, &random)
  }

  private func mask(_ grid: WindowAttention.Grid, _ tokens: Int, _ hidden: Float) -> Tensor {
    let numbers = (0..<grid.windowCount).flatMap { window in
      (0..<tokens * tokens).map { pair -> Float in
        let regions = [pair / tokens, pair % tokens].map { grid.place(window: window, token: $0).region }
        return regions[0] == regions[1] ? 0 : hidden
      }
    }
    return Tensor(numbers, shape: [1, grid.windowCount, 1, tokens, tokens])
  }

  private func rewritten(_ given: Case) throws -> [any Operator] {
    var random = SeededRandom(seed: 9)
    let graph = try graph(given, &random)
    let shape: Shape = [given.images, 8, given.rows, given.columns]
    let rewritten = try graph.simplified(for: [shape])
    let input = random.tensor(shape)
    let (expected, result) = (try graph.compute([input])[0], try rewritten.compute([input])[0])
    #expect(try result.largestDifference(from: expected) <= 1e-5)
    return rewritten.nodes.map(\.operation)
  }

  @Test(arguments: [
    Case(), Case(shift: 0), Case(images: 2), Case(rows: 7, columns: 10), Case(images: 2, rows: 5, columns: 9),
    Case(rows: 4, columns: 8), Case(rows: 4, columns: 8, edges: .paddedFirstOrWhole), Case(rows: 4, columns: 4),
    Case(hidden: -.infinity), Case(isRounded: true), Case(shift: 0, isRounded: true),
    Case(images: 2, rows: 5, columns: 9, isRounded: true),
  ])
  func isFound(_ given: Case) throws {
    let operations = try rewritten(given)
    let windows = operations.compactMap { $0 as? WindowAttention }
    #expect(windows.count == 1)
    #expect(!operations.contains { $0 is MatMul || $0 is Transpose || $0 is Gather })
    // Nothing is rounded again that was only moved: what is left is the input, queries, keys and values, queries and the
    // answer, beside what the attention rounds itself.
    #expect(operations.count { $0 is FakeQuantize } == (given.isRounded ? 4 : 0))
    #expect(windows.first?.grids.isEmpty == !given.isRounded)
    let grid = windows.first?.grid(rows: given.rows, columns: given.columns)
    #expect(grid?.rows.shift == given.operation.grid(rows: given.rows, columns: given.columns).rows.shift)
  }

  /// A mask that hides only a little, or less once it is rounded, and padding whose answer somebody wants: computed as
  /// written.
  @Test(arguments: [
    Case(hidden: -1), Case(rows: 7, columns: 7, keepsPadding: true), Case(isRounded: true, lowest: -20),
  ])
  func isNotFound(_ given: Case) throws {
    #expect(try !rewritten(given).contains { $0 is WindowAttention })
  }

  /// Patch merging as four strided slices, and as a reshape and a transpose.
  @Test(arguments: [true, false]) func merging(isSliced: Bool) throws {
    var random = SeededRandom(seed: 4)
    var graph = Graph()
    let tokens = graph.add(Transpose([0, 2, 3, 1]), name: "tokens", [graph.addInput("image")])
    let merged: ValueID
    if isSliced {
      let parts = [(0, 0), (1, 0), (0, 1), (1, 1)].map { row, column in
        graph.add(
          Slice(axis: 2, start: column, step: 2), name: "columns",
          [graph.add(Slice(axis: 1, start: row, step: 2), name: "rows", [tokens])])
      }
      merged = graph.add(Concat(axis: 3), name: "merged", parts)
    } else {
      let cut = graph.add(Reshape([2, 3, 2, 4, 2, 5]), name: "cut", [tokens])
      let turned = graph.add(Transpose([0, 1, 3, 4, 2, 5]), name: "turned", [cut])
      merged = graph.add(Reshape([2, 3, 4, 20]), name: "merged", [turned])
    }
    let rows = graph.add(Reshape([24, 20]), name: "rows", [merged])
    graph.addOutput("y", graph.linear("reduction", rows, 20, 10, &random))
    let shape: Shape = [2, 5, 6, 8]
    let rewritten = try graph.simplified(for: [shape])
    #expect(rewritten.nodes.map(\.operation.name) == ["SpaceToDepth", "Conv", "Transpose", "Reshape"])
    let input = random.tensor(shape)
    let (expected, result) = (try graph.compute([input])[0], try rewritten.compute([input])[0])
    #expect(try result.largestDifference(from: expected) <= 1e-5)
  }
}
