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

  /// Of whole numbers, with the factor of each output.
  @Test func wholeWeights() throws {
    let inputs = [
      Tensor([1, 2], shape: [1, 2, 1, 1]), Tensor([3, -4, 5, 6], as: .int8, shape: [2, 2, 1, 1]),
      Tensor([10, 20], shape: [2]), Tensor([0.5, 2], shape: [2]),
    ]
    #expect(try ConvolutionTranspose().evaluate(inputs)[0].floats() == [16.5, 36])
  }

  @Test func shapesHaveToFit() {
    #expect(ConvolutionTranspose().refusal([1, 3, 4, 4], [2, 3, 3, 3])?.subject == "input")
    #expect(ConvolutionTranspose(outputPadding: .init(1)).refusal([1, 3, 4, 4], [3, 2, 3, 3])?.kind == .shapeMismatch)
    #expect(ConvolutionTranspose(stride: .init(1 << 14)).refusal([1, 1, 9, 9], [1, 1, 1, 1])?.kind == .limit)
  }
}
