import Testing

@testable import MTLGraph

/// Sums, differences, products and quotients with broadcasting.
@Suite struct BinaryTests {
  static let cases = OperatorCase.all("Binary")
  static let operators: [String: any BinaryOperator] = ["Add": Add(), "Sub": Sub(), "Mul": Mul(), "Div": Div()]

  @Test func casesAreThere() { #expect(BinaryTests.cases.count == 20) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    let operation = try #require(BinaryTests.operators[expected.text("operation")])
    try expected.check(operation, tolerance: 1e-5)
  }

  @Test func shapesHaveToFit() {
    #expect(
      Add().refusal([2, 3], [2, 4])?.problem == "expected shapes that are equal or 1 along each axis, found 2x3 and 2x4"
    )
    #expect(Mul().refusal([2, 3])?.kind == .shapeMismatch)
  }
}
