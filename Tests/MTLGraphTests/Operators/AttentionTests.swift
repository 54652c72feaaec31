import Testing

@testable import MTLGraph

@Suite struct AttentionTests {
  static let cases = OperatorCase.all("Attention")

  @Test func casesAreThere() { #expect(AttentionTests.cases.count == 2) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(Attention(heads: try expected.integer("heads")), tolerance: 1e-6)
  }

  @Test func shapesHaveToFit() {
    #expect(Attention(heads: 4).refusal([1, 6, 1, 2], [1, 6, 1, 3], [1, 6, 1, 3])?.subject == "heads")
    #expect(Attention(heads: 2).refusal([1, 6, 1, 2], [1, 4, 1, 3], [1, 6, 1, 3])?.subject == "keys")
    #expect(Attention(heads: 2).refusal([1, 6, 1, 2], [1, 6, 1, 3], [1, 6, 1, 4])?.subject == "values")
  }
}
