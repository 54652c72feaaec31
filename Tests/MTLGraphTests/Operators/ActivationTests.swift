import Testing

@testable import MTLGraph

@Suite("Gelu, Silu, HardSwish") struct ActivationTests {
  static let cases = OperatorCase.all("Activations")

  @Test func casesAreThere() { #expect(ActivationTests.cases.count == 3) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    let operators: [String: any ElementwiseOperator] = ["Gelu": Gelu(), "Silu": Silu(), "HardSwish": HardSwish()]
    try expected.check(try #require(operators[expected.text("operation")]), tolerance: 1e-5)
  }
}
