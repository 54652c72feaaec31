import Testing

@testable import MTLGraph

@Suite("SpaceToDepth") struct SpaceToDepthTests {
  static let cases = OperatorCase.all("Joins", operation: "SpaceToDepth")

  @Test func casesAreThere() { #expect(SpaceToDepthTests.cases.count == 1) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(SpaceToDepth(), tolerance: 0)
  }

  @Test func onlyImagesAreTaken() {
    #expect(SpaceToDepth().refusal([2, 3, 4])?.kind == .shapeMismatch)
  }
}
