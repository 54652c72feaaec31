import Testing

@testable import MTLGraph

@Suite struct SoftmaxTests {
  static let cases = OperatorCase.all("Softmax")

  @Test func casesAreThere() { #expect(SoftmaxTests.cases.count == 7) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(Softmax(axis: try expected.integer("axis")))
  }

  @Test func axisHasToBeInside() throws {
    #expect(Softmax().refusal()?.kind == .shapeMismatch)
    #expect(Softmax(axis: 2).refusal([2, 3])?.description == "axis: expected -2 to 1, found 2")
    #expect(Softmax(axis: -3).refusal([2, 3])?.subject == "axis")
    #expect(Softmax().refusal([])?.subject == "axis")
    #expect(try Softmax(axis: -2).outputShapes([[2, 3]]) == [[2, 3]])
    #expect(Softmax(axis: -2).axis(rank: 3) == 1 && Softmax(axis: 2).axis(rank: 3) == 2)
  }

  @Test func nothingStaysNothing() throws {
    #expect(try Softmax().evaluate([Tensor([], shape: [3, 0])])[0].shape == [3, 0])
  }
}
