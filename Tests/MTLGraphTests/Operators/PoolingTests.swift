import Testing

@testable import MTLGraph

@Suite("The shape rule that pools share") struct PoolingTests {
  private func pool(_ padding: Window.Padding = .init(0)) -> MaxPool {
    MaxPool(Window(kernel: .init(3, 5), padding: padding))
  }

  @Test func shapesHaveToFit() {
    #expect(pool().refusal()?.kind == .shapeMismatch)
    #expect(pool().refusal([1, 1, 9, 9], [1, 1, 9, 9])?.problem == "expected 1 to 1 inputs, found 2")
    #expect(pool().refusal([1, 9, 9])?.problem == "expected 4 dimensions, found 1x9x9")
    #expect(pool().refusal([1, 1, 2, 9])?.subject == "input")
    #expect(pool().refusal([1, 1, 9, 4])?.subject == "input")
  }

  @Test(arguments: [(2, 0, 0, 0), (0, 3, 0, 0), (0, 0, 2, 0), (0, 0, 0, 3), (-1, 0, 0, 0)])
  func paddingIsAtMostHalfTheKernel(_ sides: (Int, Int, Int, Int)) throws {
    let padding = Window.Padding(top: sides.0, left: sides.1, bottom: sides.2, right: sides.3)
    #expect(pool(padding).refusal([1, 1, 9, 9]) != nil)
    #expect(try pool(.init(top: 1, left: 2, bottom: 1, right: 2)).outputShapes([[1, 1, 9, 9]]) == [[1, 1, 9, 9]])
  }

  @Test func paddingOfAnySizeIsRefused() {
    for side in [Int.max, Int.min] { #expect(pool(.init(side)).refusal([1, 1, 9, 9]) != nil) }
  }

  @Test func noChannelsAndNoImagesStay() throws {
    #expect(try pool().outputShapes([[0, 0, 3, 5]]) == [[0, 0, 1, 1]])
    #expect(try pool().evaluate([Tensor([], shape: [0, 2, 3, 5])])[0].shape == [0, 2, 1, 1])
  }
}
