import Testing

@testable import MTLGraph

@Suite("Transpose") struct TransposeTests {
  static let cases = OperatorCase.all("Joins", operation: "Transpose")

  @Test func casesAreThere() { #expect(TransposeTests.cases.count == 1) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(Transpose(try expected.integers("order")), tolerance: 0)
  }

  @Test func orderHasToNameEveryAxis() {
    #expect(Transpose([0, 0]).refusal([2, 3])?.subject == "order")
  }
}
