import Testing

@testable import MTLGraph

@Suite struct ResizeTests {
  static let cases = OperatorCase.all("Resize")

  @Test func casesAreThere() { #expect(ResizeTests.cases.count == 20) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    let mode = try #require(Resize.Mode(rawValue: expected.text("mode")))
    let size = try expected.integers("size")
    try expected.check(Resize(mode, to: .size(size[0], size[1])), tolerance: 2e-6)
  }

  @Test func sizesComeFromAnotherValueOrAFactor() throws {
    #expect(try Resize(.bilinear, to: .like).outputShapes([[1, 2, 3, 4], [1, 9, 6, 5]]) == [[1, 2, 6, 5]])
    #expect(try Resize(.nearest, to: .scale(4)).outputShapes([[1, 2, 3, 4]]) == [[1, 2, 12, 16]])
    #expect(Resize(.bilinear, to: .like).readsShapeOnly(input: 1))
    #expect(Resize(.bilinear, to: .size(0, 4)).refusal([1, 1, 2, 2])?.kind == .limit)
    #expect(Resize(.nearest, to: .scale(1 << 20)).refusal([1, 1, 2, 2])?.kind == .limit)
  }
}
