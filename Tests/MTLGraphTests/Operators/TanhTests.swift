import Testing

@testable import MTLGraph

@Suite struct TanhTests {
  static let cases = OperatorCase.all("Tanh")

  @Test func casesAreThere() { #expect(TanhTests.cases.count == 2) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(Tanh(), tolerance: 2e-7)
  }

  @Test func takesOneInputOfAnyShape() throws {
    #expect(Tanh().refusal()?.problem == "expected 1 to 1 inputs, found 0")
    #expect(Tanh().refusal([2], [2])?.kind == .shapeMismatch)
    #expect(try Tanh().outputShapes([[]]) == [[]])
    #expect(try Tanh().outputShapes([[2, 0, 3]]) == [[2, 0, 3]])
  }
}
