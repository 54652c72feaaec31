import Testing

@testable import MTLGraph

@Suite struct ConvolutionTransposeTests {
  static let cases = OperatorCase.all("ConvolutionTranspose")

  @Test func casesAreThere() { #expect(ConvolutionTransposeTests.cases.count == 5) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    let operation = ConvolutionTranspose(
      stride: try expected.pair("stride"), padding: try expected.padding(),
      outputPadding: try expected.pair("output_padding"), groups: try expected.integer("groups"))
    try expected.check(operation, tolerance: 2e-6)
  }

  @Test func shapesHaveToFit() {
    #expect(ConvolutionTranspose().refusal([1, 3, 4, 4], [2, 3, 3, 3])?.subject == "input")
    #expect(ConvolutionTranspose(outputPadding: .init(1)).refusal([1, 3, 4, 4], [3, 2, 3, 3])?.kind == .shapeMismatch)
    #expect(ConvolutionTranspose(stride: .init(1 << 14)).refusal([1, 1, 9, 9], [1, 1, 1, 1])?.kind == .limit)
  }
}
