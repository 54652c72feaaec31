import Testing

@testable import MTLGraph

@Suite("Concat") struct ConcatTests {
  static let cases = OperatorCase.all("Joins", operation: "Concat")

  @Test func casesAreThere() { #expect(ConcatTests.cases.count == 2) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(Concat(axis: try expected.integer("axis")), tolerance: 0)
  }

  @Test func shapesHaveToFit() {
    #expect(Concat(axis: 1).refusal([1, 2, 3], [1, 2, 4])?.kind == .shapeMismatch)
    #expect(Concat(axis: 1).refusal([1, 2, 3], [1, 2])?.kind == .shapeMismatch)
  }
}
