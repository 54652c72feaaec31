import Testing

@testable import MTLGraph

@Suite struct ConvolutionTests {
  static let cases = OperatorCase.all("Convolution")

  @Test func casesAreThere() { #expect(ConvolutionTests.cases.count == 11) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    let convolution = Convolution(
      stride: try expected.pair("stride"), dilation: try expected.pair("dilation"), padding: try expected.padding(),
      groups: try expected.integer("groups"))
    try expected.check(convolution, tolerance: 1e-6)
  }

  @Test func shapesHaveToFit() {
    let plain = Convolution()
    #expect(plain.refusal([1, 3, 4, 4])?.problem == "expected 2 to 4 inputs, found 1")
    #expect(plain.refusal([1, 3, 4, 4], [8, 3, 3, 3], [8], [8], [8])?.kind == .shapeMismatch)
    #expect(plain.refusal([1, 3, 4, 4], [8, 3, 3, 3], [8], [7])?.description == "scale: expected 8, found 7")
    #expect(plain.refusal([3, 4, 4], [8, 3, 3, 3])?.description == "input: expected 4 dimensions, found 3x4x4")
    #expect(plain.refusal([1, 3, 4, 4], [8, 27])?.subject == "weight")
    let channels = plain.refusal([1, 4, 4, 4], [8, 3, 3, 3])
    #expect(channels?.problem == "expected 3 channels for a weight of 8x3x3x3 in 1 groups, found 4")
    #expect(
      plain.refusal([1, 3, 4, 4], [0, 3, 3, 3])?.problem == "expected at least one output channel, found 0x3x3x3")
    #expect(plain.refusal([1, 3, 4, 4], [8, 3, 3, 3], [7])?.description == "bias: expected 8, found 7")
    #expect(plain.refusal([1, 3, 4, 4], [8, 3, 3, 3], [1, 8])?.subject == "bias")
    #expect(
      plain.refusal([1, 3, 4, 2], [8, 3, 3, 3])?.problem == "expected at least one window of 3x3, found 4x2 pixels")
    #expect(plain.refusal([1, 3, 4, 4], [8, 3, 0, 3])?.kind == .limit)
  }

  @Test(arguments: [0, -1, 3, Int.max, Int.min])
  func groupsHaveToDivide(_ groups: Int) {
    let error = Convolution(groups: groups).refusal([1, 4, 4, 4], [8, 2, 3, 3])
    #expect(error?.description == "groups: expected a divisor of 8 outputs, found \(groups)")
  }

  @Test func costIsCountedForEachGroup() throws {
    let shapes: [Shape] = [[2, 4, 8, 8], [6, 2, 3, 3]]
    let convolution = Convolution(padding: .init(1), groups: 2)
    let cost = convolution.multiplyAccumulates(inputs: shapes, outputs: try convolution.outputShapes(shapes))
    #expect(cost == 2 * 6 * 8 * 8 * 2 * 9)
    #expect(convolution.isParameter(input: 1) && convolution.isParameter(input: 2))
  }
}
