import Testing

@testable import MTLGraph

@Suite struct GlobalAveragePoolTests {
  static let cases = OperatorCase.all("GlobalAveragePool")

  @Test func casesAreThere() { #expect(GlobalAveragePoolTests.cases.count == 2) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws { try expected.check(GlobalAveragePool()) }

  @Test func largePlanesLoseNothing() throws {
    let value: Float = 0x1.555556p22
    let plane = Tensor([Float](repeating: value, count: 300 * 300), shape: [1, 1, 300, 300])
    #expect(try GlobalAveragePool().evaluate([plane])[0].floats() == [value])
  }

  @Test func shapesHaveToFit() {
    #expect(GlobalAveragePool().refusal()?.kind == .shapeMismatch)
    #expect(GlobalAveragePool().refusal([1, 2, 3])?.kind == .shapeMismatch)
    #expect(GlobalAveragePool().refusal([1, 2, 0, 3])?.problem == "expected at least one pixel, found 1x2x0x3")
  }
}
