import Testing

@testable import MTLGraph

@Suite struct FlattenTests {
  static let cases = OperatorCase.all("Flatten")

  @Test func casesAreThere() { #expect(FlattenTests.cases.count == 4) }

  @Test(arguments: cases) func isPyTorchs(_ expected: OperatorCase) throws {
    try expected.check(Flatten(axis: try expected.integer("axis")), tolerance: 0)
  }

  @Test func axisHasToBeInside() {
    #expect(Flatten().refusal()?.kind == .shapeMismatch)
    #expect(Flatten(axis: -1).refusal([2, 3])?.description == "axis: expected 0 to 2, found -1")
    #expect(Flatten(axis: 3).refusal([2, 3])?.subject == "axis")
    #expect(Flatten(axis: Int.max).refusal([2, 3])?.subject == "axis")
  }

  @Test func keepsAnyType() throws {
    let bytes = Tensor([1, 2, 3, 4], shape: [4]).bytes
    let integers = try Tensor(shape: [2, 2], type: .int32, bytes: bytes, of: "x")
    let flat = try Flatten(axis: 0).evaluate([integers])[0]
    #expect(flat.type == .int32 && flat.shape == [1, 4])
  }
}
