import Testing

@testable import MTLGraph

@Suite("MaxPoolWithIndices, MaxUnpool") struct MaxUnpoolTests {
  static let cases = OperatorCase.all("MaxUnpool")

  @Test func isPyTorchs() throws {
    let expected = try #require(MaxUnpoolTests.cases.first)
    let pool = MaxPoolWithIndices(Window(kernel: .init(2), stride: .init(2)))
    let pooled = try pool.evaluate(expected.inputs)
    let found = try MaxUnpool().evaluate(pooled + expected.inputs)[0]
    #expect(try found.largestDifference(from: expected.output) == 0)
  }

  /// Indices are numbers of a network: those that lead nowhere are left out.
  @Test func strayIndices() throws {
    let values = Tensor([1, 2, 3, 4], shape: [1, 1, 2, 2])
    let indices = Tensor([-1, .nan, 99, 2], shape: [1, 1, 2, 2])
    let found = try MaxUnpool().evaluate([values, indices, Tensor(ofShapeOnly: [1, 1, 2, 3])])[0]
    #expect(try found.floats() == [0, 0, 4, 0, 0, 0])
  }

  @Test func planesOfMoreThanFloatsCount() {
    let pool = MaxPoolWithIndices(Window(kernel: .init(2), stride: .init(2)))
    #expect(pool.refusal([1, 1, 8192, 8192])?.kind == .limit)
    #expect(MaxUnpool().refusal([1, 1, 2, 2], [1, 1, 2, 3], [1, 1, 4, 4])?.subject == "indices")
  }
}
