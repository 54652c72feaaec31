import Testing

@testable import MTLGraph

@Suite struct ShapeTests {
  @Test(arguments: [
    [], [0], [1 << 40], [1 << 20, 1 << 20], [0, 1 << 40, 0], [1, 1, 1, 1, 1, 1, 1, 1], [3, 0, 5],
  ])
  func isTaken(_ dimensions: [Int]) throws {
    #expect(try Shape(checking: dimensions, of: "x").dimensions == dimensions)
  }

  @Test(arguments: [
    [-1], [Int.min], [(1 << 40) + 1], [Int.max], [1 << 20, 1 << 21], [1 << 32, 1 << 32], [0, 1 << 41],
    [1 << 41, 0], [Int.max, 0, Int.max], [1, 1, 1, 1, 1, 1, 1, 1, 1], [-2, -2],
  ])
  func isRefused(_ dimensions: [Int]) {
    let error = #expect(throws: MTLError.self) { try Shape(checking: dimensions, of: "x") }
    #expect(error?.kind == .limit && error?.subject == "x")
    #expect(error?.problem.hasSuffix("found \(dimensions.count > 8 ? "9" : "\(dimensions)")") == true)
  }

  @Test func numbers() {
    let shape: Shape = [2, 3, 0, 5]
    #expect(shape.rank == 4 && shape[1] == 3 && shape.elementCount == 0)
    #expect(shape.rowMajorStrides == [15, 5, 5, 1])
    #expect(Shape([4, 3, 2]).rowMajorStrides == [6, 2, 1] && Shape([]).rowMajorStrides == [])
    #expect(Shape([]).elementCount == 1)
    #expect("\(shape)" == "2x3x0x5" && "\(Shape([]))" == "scalar")
  }
}
