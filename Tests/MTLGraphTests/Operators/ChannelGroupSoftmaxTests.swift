import TestSupport
import Testing

@testable import MTLGraph

@Suite struct ChannelGroupSoftmaxTests {
  /// Two pixels, four channels in groups of two: softmax(0, ln 3) is (1/4, 3/4), softmax(ln 4, 0) is (4/5, 1/5).
  @Test func groupsAreNeighbours() throws {
    let (three, four): (Float, Float) = (1.0986123, 1.3862944)
    let image = Tensor([0, four, three, 0, four, 7, 0, 7], shape: [1, 4, 1, 2])
    let output = try ChannelGroupSoftmax(size: 2).evaluate([image])[0]
    #expect(output.shape == image.shape)
    let expected: [Float] = [0.25, 0.8, 0.75, 0.2, 0.8, 0.5, 0.2, 0.5]
    #expect(largestDifference(try output.floats(), expected) < 1e-6)
  }

  @Test func oneGroupIsSoftmax() throws {
    let image = Tensor((0..<24).map { Float($0 * 7 % 5) }, shape: [2, 3, 2, 2])
    let whole = try Softmax(axis: 1).evaluate([image])[0].floats()
    #expect(try ChannelGroupSoftmax(size: 3).evaluate([image])[0].floats() == whole)
  }

  @Test func channelsHaveToBeWholeGroups() {
    #expect(ChannelGroupSoftmax(size: 3).refusal([1, 4, 2, 2])?.kind == .shapeMismatch)
    #expect(ChannelGroupSoftmax(size: 0).refusal([1, 4, 2, 2])?.subject == "input")
    #expect(ChannelGroupSoftmax(size: 2).refusal([4, 4])?.kind == .shapeMismatch)
    #expect(ChannelGroupSoftmax(size: 2).refusal()?.kind == .shapeMismatch)
  }
}
