import Testing

@testable import MTLGraph

@Suite struct IdentityTests {
  @Test func handsItsInputOn() throws {
    let x = Tensor([1, -.infinity, 3], shape: [3])
    let result = try Identity().evaluate([x])
    #expect(result.count == 1)
    #expect(try result[0].floats() == [1, -.infinity, 3])
    #expect(try Identity().outputShapes([[3, 0]]) == [[3, 0]])
  }

  @Test func takesOneInput() {
    #expect(Identity().refusal()?.kind == .shapeMismatch)
    #expect(Identity().refusal([1], [1])?.kind == .shapeMismatch)
  }

  @Test func isTakenOut() { #expect((Identity() as any Operator) is any PassThroughOperator) }
}
