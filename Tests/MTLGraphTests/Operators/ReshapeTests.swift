import Testing

@testable import MTLGraph

@Suite("Reshape") struct ReshapeTests {
  @Test func sizesAreKeptOrFilledIn() throws {
    #expect(try Reshape([0, 0, 1, -1]).outputShapes([[2, 3, 4, 5]]) == [[2, 3, 1, 20]])
  }

  @Test func elementsHaveToFit() {
    #expect(Reshape([0, 7, -1]).refusal([2, 3, 4])?.kind == .shapeMismatch)
    #expect(Reshape([1, -1, -1]).refusal([2, 3])?.kind != nil)
  }
}
