import Testing

@testable import MTLGraph

@Suite struct LeakyReluTests {
  static let cases = OperatorCase.all("LeakyRelu")

  @Test func casesAreThere() { #expect(LeakyReluTests.cases.count == 4) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(LeakyRelu(slope: try expected.float("slope")), tolerance: 1e-7)
  }

  @Test func takesOneInputOfAnyShape() throws {
    #expect(LeakyRelu().refusal()?.problem == "expected 1 to 1 inputs, found 0")
    #expect(LeakyRelu().refusal([2], [2])?.kind == .shapeMismatch)
    #expect(try LeakyRelu().outputShapes([[]]) == [[]])
    #expect(try LeakyRelu().outputShapes([[2, 0, 3]]) == [[2, 0, 3]])
  }
}
