import Testing

@testable import MTLGraph

@Suite struct WeightedSumTests {
  static let cases = OperatorCase.all("WeightedSum")

  @Test func casesAreThere() { #expect(WeightedSumTests.cases.count == 2) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(WeightedSum(count: expected.inputs.count - 1), tolerance: 1e-6)
  }

  @Test func shapesHaveToFit() {
    #expect(WeightedSum(count: 2).refusal([1, 3], [1, 4, 2, 2], [1, 4, 2, 2])?.subject == "factors")
    #expect(WeightedSum(count: 2).refusal([1, 2], [1, 4, 2, 2], [1, 4, 2, 3])?.subject == "inputs")
    #expect(WeightedSum(count: 0).refusal([1, 0])?.subject == "count")
  }
}
