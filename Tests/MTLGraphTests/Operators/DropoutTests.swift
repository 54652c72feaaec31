import Testing

@testable import MTLGraph

@Suite struct DropoutTests {
  @Test func handsItsInputOn() throws {
    let x = Tensor([1, -.infinity, 3], shape: [3])
    let result = try Dropout().evaluate([x])
    #expect(result.count == 1)
    #expect(try result[0].floats() == [1, -.infinity, 3])
    #expect(try Dropout().outputShapes([[3, 0]]) == [[3, 0]])
  }

  @Test func takesOneInput() {
    #expect(Dropout().refusal()?.kind == .shapeMismatch)
    #expect(Dropout().refusal([1], [1])?.kind == .shapeMismatch)
  }

  @Test func isTakenOut() { #expect((Dropout() as any Operator) is any PassThroughOperator) }
}
