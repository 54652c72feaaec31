import Testing

@testable import MTLGraph

@Suite("LayerNormalization, LogSoftmax, L2Normalize") struct NormalizationTests {
  static let cases = OperatorCase.all("Normalizations")

  @Test func casesAreThere() { #expect(NormalizationTests.cases.count == 4) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    let axis = try expected.integer("axis")
    let operators: [String: any Operator] = [
      "LayerNormalization": LayerNormalization(axis: axis), "LogSoftmax": LogSoftmax(axis: axis),
      "L2Normalize": L2Normalize(axis: axis),
    ]
    try expected.check(try #require(operators[expected.text("operation")]), tolerance: 2e-6)
  }

  /// Without an epsilon the quotient of nothing by nothing is no number, as in PyTorch; with one it is nothing.
  @Test func nothingHasNoDirection() throws {
    let nothing = Tensor([0, 0], shape: [1, 2])
    #expect(try L2Normalize(epsilon: 0).evaluate([nothing])[0].floats().allSatisfy(\.isNaN))
    #expect(try L2Normalize().evaluate([nothing])[0].floats() == [0, 0])
  }

  /// Lines without elements have statistics all the same, which are no numbers.
  @Test func statisticsOfNothing() throws {
    let results = try GeneralLayerNormalization(axis: 1, epsilon: 1e-5, outputCount: 3).compute([
      Tensor([], shape: [2, 0]), Tensor([], shape: [0]),
    ])
    #expect(results.map(\.shape) == [[2, 0], [2, 1], [2, 1]])
    #expect(try results[1].floats().allSatisfy(\.isNaN))
  }

  @Test func shapesHaveToFit() {
    #expect(LayerNormalization().refusal([1, 4, 2, 2], [4], [3])?.description == "bias: expected 4, found 3")
    #expect(LogSoftmax(axis: 4).refusal([1, 4, 2, 2])?.subject == "axis")
    #expect(L2Normalize(axis: -5).refusal([1, 4, 2, 2])?.subject == "axis")
  }
}
