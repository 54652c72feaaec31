import TestSupport
import Testing

@testable import MTLGraph

@Suite struct WindowTests {
  private static let most = Window.maximumSide

  @Test(arguments: [
    (7, 3, 2, 1, 0, 0, 3, 3), (8, 3, 2, 1, 0, 0, 3, 4), (7, 3, 2, 1, 1, 1, 4, 4), (9, 3, 1, 4, 0, 0, 1, 1),
    (3, 2, 2, 1, 1, 1, 2, 2), (1, 1, 1, 1, 0, 0, 1, 1), (5, 1, 4, 1, 0, 3, 2, 2), (2, 2, 9, 1, 0, 0, 1, 1),
  ])
  func countsWindows(_ row: (Int, Int, Int, Int, Int, Int, Int, Int)) throws {
    let window = Window(
      kernel: .init(row.1, 1), stride: .init(row.2, 1), dilation: .init(row.3, 1),
      padding: .init(top: row.4, left: 0, bottom: row.5, right: 0))
    #expect(try window.outputSize(rows: row.0, columns: 6) == (row.6, 6))
    #expect(try window.outputSize(rows: row.0, columns: 6, ceil: true) == (row.7, 6))
  }

  /// The count by trying every start.
  @Test func isTheNumberOfStarts() throws {
    var random = SeededRandom(seed: 3)
    for _ in 0..<500 {
      let (kernel, stride, dilation) = (random.integer(1...6), random.integer(1...4), random.integer(1...5))
      let (before, after) = (random.integer(0...6), random.integer(0...6))
      let span = dilation * (kernel - 1) + 1
      let size = max(1, span - before - after) + random.integer(0...20)
      let window = Window(
        kernel: .init(1, kernel), stride: .init(1, stride), dilation: .init(1, dilation),
        padding: .init(top: 0, left: before, bottom: 0, right: after))
      let starts = Swift.stride(from: 0, through: size + before + after - span, by: stride)
      #expect(try window.outputSize(rows: 1, columns: size).columns == starts.reduce(0) { count, _ in count + 1 })
    }
  }

  @Test func sidesAreLimited() throws {
    let good = Window.Pair(1)
    for side in [0, -1, WindowTests.most + 1, Int.max, Int.min] {
      for bad in [Window.Pair(side, 1), Window.Pair(1, side)] {
        for window in [
          Window(kernel: bad), Window(kernel: good, stride: bad), Window(kernel: good, dilation: bad),
        ] {
          let error = #expect(throws: MTLError.self) { try window.outputSize(rows: 9, columns: 9) }
          #expect(error?.kind == .limit && error?.subject == "window")
        }
      }
    }
  }

  @Test(arguments: [-1, WindowTests.most + 1, Int.max, Int.min])
  func paddingIsLimited(_ side: Int) {
    for padding in [
      Window.Padding(top: side, left: 0, bottom: 0, right: 0), Window.Padding(top: 0, left: side, bottom: 0, right: 0),
      Window.Padding(top: 0, left: 0, bottom: side, right: 0), Window.Padding(top: 0, left: 0, bottom: 0, right: side),
    ] {
      let window = Window(kernel: .init(1), padding: padding)
      #expect(throws: MTLError.self) { try window.outputSize(rows: 9, columns: 9) }
    }
  }

  @Test func largestSizesDoNotOverflow() throws {
    let all = Window.Pair(WindowTests.most)
    let window = Window(kernel: all, stride: all, dilation: all, padding: .init(WindowTests.most))
    #expect(throws: MTLError.self) { try window.outputSize(rows: WindowTests.most, columns: WindowTests.most) }
    let spread = Window(kernel: .init(3), stride: all, dilation: all, padding: .init(WindowTests.most))
    let size = try spread.outputSize(rows: WindowTests.most, columns: WindowTests.most, ceil: true)
    #expect(size == (2, 2))
  }

  @Test(arguments: [WindowTests.most + 1, Int.max, -1, Int.min])
  func imagesAreLimited(_ side: Int) throws {
    for (rows, columns) in [(side, 1), (1, side)] {
      let error = #expect(throws: MTLError.self) {
        try Window(kernel: .init(1), stride: .init(WindowTests.most)).outputSize(rows: rows, columns: columns)
      }
      #expect(error?.kind == .limit && error?.subject == "input")
    }
  }

  @Test func outputsAreLimited() throws {
    let window = Window(kernel: .init(1), padding: .init(top: 1, left: 0, bottom: 0, right: 0))
    #expect(try window.outputSize(rows: WindowTests.most - 1, columns: 1) == (WindowTests.most, 1))
    let error = #expect(throws: MTLError.self) { try window.outputSize(rows: WindowTests.most, columns: 1) }
    #expect(
      error?.description == "output: expected at most 32768 pixels a side, found 32769x1" && error?.kind == .limit)
  }
}
