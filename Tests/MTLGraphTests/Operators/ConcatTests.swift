import Testing

@testable import MTLGraph

@Suite("Concat, Slice, Pad, Transpose, SpaceToDepth, Reshape, Expand") struct ConcatTests {
  static let cases = OperatorCase.all("Joins")

  @Test func casesAreThere() { #expect(ConcatTests.cases.count == 7) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(try operation(expected), tolerance: 0)
  }

  private func operation(_ expected: OperatorCase) throws -> any Operator {
    switch try expected.text("operation") {
    case "Concat": return Concat(axis: try expected.integer("axis"))
    case "Slice":
      let range = try expected.integers("range")
      return Slice(axis: try expected.integer("axis"), start: range[0], end: range[1], step: range[2])
    case "Pad": return Pad(try expected.padding(), value: 0.5)
    case "Transpose": return Transpose(try expected.integers("order"))
    default: return SpaceToDepth()
    }
  }

  @Test func reshape() throws {
    #expect(try Reshape([0, 0, 1, -1]).outputShapes([[2, 3, 4, 5]]) == [[2, 3, 1, 20]])
    #expect(Reshape([0, 7, -1]).refusal([2, 3, 4])?.kind == .shapeMismatch)
    #expect(Reshape([1, -1, -1]).refusal([2, 3])?.kind != nil)
    #expect(
      try Expand().evaluate([Tensor([1, 2], shape: [1, 2]), Tensor(ofShapeOnly: [3, 9])])[0].floats() == [
        1, 2, 1, 2, 1, 2,
      ])
  }

  @Test func shapesHaveToFit() {
    #expect(Concat(axis: 1).refusal([1, 2, 3], [1, 2, 4])?.kind == .shapeMismatch)
    #expect(Concat(axis: 1).refusal([1, 2, 3], [1, 2])?.kind == .shapeMismatch)
    #expect(
      Slice(start: 3, end: 9).refusal([1, 8])?.description == "range: expected a part of 0..<8, found 3..<9 by 1")
    #expect(Transpose([0, 0]).refusal([2, 3])?.subject == "order")
    #expect(Expand().refusal([2, 3], [4, 3])?.kind == .shapeMismatch)
  }
}
