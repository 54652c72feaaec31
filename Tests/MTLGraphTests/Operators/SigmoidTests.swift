import Testing

@testable import MTLGraph

@Suite struct SigmoidTests {
  static let cases = OperatorCase.all("Sigmoid")

  @Test func casesAreThere() { #expect(SigmoidTests.cases.count == 2) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(Sigmoid(), tolerance: 2e-7)
  }

  @Test func takesOneInputOfAnyShape() throws {
    #expect(Sigmoid().refusal()?.problem == "expected 1 to 1 inputs, found 0")
    #expect(Sigmoid().refusal([2], [2])?.kind == .shapeMismatch)
    #expect(try Sigmoid().outputShapes([[]]) == [[]])
    #expect(try Sigmoid().outputShapes([[2, 0, 3]]) == [[2, 0, 3]])
  }
}
