import Testing

@testable import MTLGraph

@Suite("Pad") struct PadTests {
  static let cases = OperatorCase.all("Joins", operation: "Pad")

  @Test func casesAreThere() { #expect(PadTests.cases.count == 1) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(Pad(try expected.padding(), value: 0.5), tolerance: 0)
  }

  @Test func onlyImagesAreTaken() {
    #expect(Pad(Window.Padding(top: 1, left: 2, bottom: 0, right: 3)).refusal([2, 3, 4])?.kind == .shapeMismatch)
  }
}
