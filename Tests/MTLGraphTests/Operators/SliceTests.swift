import Testing

@testable import MTLGraph

@Suite("Slice") struct SliceTests {
  static let cases = OperatorCase.all("Joins", operation: "Slice")

  @Test func casesAreThere() { #expect(SliceTests.cases.count == 2) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    let range = try expected.integers("range")
    let slice = Slice(axis: try expected.integer("axis"), start: range[0], end: range[1], step: range[2])
    try expected.check(slice, tolerance: 0)
  }

  @Test func rangeHasToFit() {
    #expect(
      Slice(start: 3, end: 9).refusal([1, 8])?.description == "range: expected a part of 0..<8, found 3..<9 by 1")
  }
}
