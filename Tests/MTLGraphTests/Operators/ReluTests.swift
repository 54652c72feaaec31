import Testing

@testable import MTLGraph

@Suite struct ReluTests {
  static let cases = OperatorCase.all("Relu")

  @Test func casesAreThere() { #expect(ReluTests.cases.count == 2) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(Relu(), tolerance: 0)
  }

  @Test func takesOneInputOfAnyShape() throws {
    #expect(Relu().refusal()?.problem == "expected 1 to 1 inputs, found 0")
    #expect(Relu().refusal([2], [2])?.kind == .shapeMismatch)
    #expect(try Relu().outputShapes([[]]) == [[]])
    #expect(try Relu().outputShapes([[2, 0, 3]]) == [[2, 0, 3]])
  }
}
