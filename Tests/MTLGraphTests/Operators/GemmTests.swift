import Testing

@testable import MTLGraph

@Suite struct GemmTests {
  static let cases = OperatorCase.all("Gemm")

  @Test func casesAreThere() { #expect(GemmTests.cases.count == 3) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(Gemm(), tolerance: 1e-6)
  }

  @Test func shapesHaveToFit() {
    #expect(Gemm().refusal([2, 3])?.kind == .shapeMismatch)
    #expect(Gemm().refusal([2, 3], [4, 3], [4], [4], [4])?.kind == .shapeMismatch)
    #expect(Gemm().refusal([2, 3], [4, 3], [4], [3])?.description == "scale: expected 4, found 3")
    #expect(Gemm().refusal([2, 3, 1], [4, 3])?.subject == "input")
    #expect(Gemm().refusal([2, 3], [4, 3, 1])?.subject == "weight")
    #expect(Gemm().refusal([2, 5], [4, 3])?.problem == "expected 3 features for a weight of 4x3, found 5")
    #expect(Gemm().refusal([2, 3], [4, 3], [3])?.description == "bias: expected 4, found 3")
  }

  /// Weights of whole numbers have a factor for each output.
  @Test func factorsOfOutputs() throws {
    let inputs = [
      Tensor([1, 2], shape: [1, 2]), Tensor(elements: [3, 4, -5, 6] as [Int8], .int8, [2, 2]),
      Tensor([10, 20], shape: [2]), Tensor([0.5, 2], shape: [2]),
    ]
    #expect(try Gemm().evaluate(inputs)[0].floats() == [15.5, 34])
  }

  @Test func noFeaturesLeaveTheBias() throws {
    let inputs = [Tensor([], shape: [2, 0]), Tensor([], shape: [2, 0]), Tensor([1, 2], shape: [2])]
    #expect(try Gemm().evaluate(inputs)[0].floats() == [1, 2, 1, 2])
  }

  @Test func cost() {
    #expect(Gemm().multiplyAccumulates(inputs: [[2, 3], [5, 3]], outputs: [[2, 5]]) == 30)
  }
}
