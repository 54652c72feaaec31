import Testing

@testable import MTLGraph

@Suite("Expand") struct ExpandTests {
  @Test func isRepeatedForEveryImage() throws {
    let expanded = try Expand().evaluate([Tensor([1, 2], shape: [1, 2]), Tensor(ofShapeOnly: [3, 9])])
    #expect(try expanded[0].floats() == [1, 2, 1, 2, 1, 2])
  }

  @Test func onlyOneImageIsRepeated() {
    #expect(Expand().refusal([2, 3], [4, 3])?.kind == .shapeMismatch)
  }
}
