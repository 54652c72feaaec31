import Testing

@testable import MTLGraph

@Suite struct BatchNormalizationTests {
  static let cases = OperatorCase.all("BatchNormalization")

  @Test func casesAreThere() { #expect(BatchNormalizationTests.cases.count == 3) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(BatchNormalization(epsilon: try expected.float("epsilon")), tolerance: 6e-7)
  }

  @Test func shapesHaveToFit() {
    let normalization = BatchNormalization()
    #expect(normalization.refusal([1, 2, 3, 3], [2], [2], [2])?.kind == .shapeMismatch)
    #expect(normalization.refusal([2], [2], [2], [2], [2])?.problem == "expected at least 2 dimensions, found 2")
    for (position, what) in ["scale", "bias", "mean", "variance"].enumerated() {
      var shapes: [Shape] = [[1, 2, 3, 3], [2], [2], [2], [2]]
      shapes[1 + position] = [3]
      let error = #expect(throws: MTLError.self) { _ = try normalization.outputShapes(shapes) }
      #expect(error?.description == "\(what): expected 2, found 3")
    }
  }

  @Test func statisticsAreNoParameters() {
    #expect((0..<5).map { BatchNormalization().isParameter(input: $0) } == [true, true, true, false, false])
  }
}
