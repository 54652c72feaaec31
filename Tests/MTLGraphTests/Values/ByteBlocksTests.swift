import TestSupport
import Testing

@testable import MTLGraph

@Suite("Weights in the order of kernels") struct ByteBlocksTests {
  private func weights(_ shape: Shape, _ random: inout SeededRandom) -> Tensor {
    Tensor((0..<shape.elementCount).map { _ in random.integer(-128...127) }, as: .int8, shape: shape)
  }

  @Test func wayThereAndBack() throws {
    var random = SeededRandom(seed: 17)
    for _ in 0..<60 {
      let (outputs, inputs) = (random.integer(1...40), random.integer(1...random.pick([5, 150])))
      let shape: Shape =
        random.once(in: 3)
        ? [outputs, inputs] : [outputs, inputs, random.integer(1...3), random.integer(1...3)]
      let plain = weights(shape, &random)
      let blocks = try #require(try ByteBlocks(plain))
      #expect(blocks.bytes.count == ByteBlocks.shape(of: shape)?.elementCount)
      let checked = try ByteBlocks(blocks.bytes, of: shape, "weights")
      let tensor = try Tensor(shape: shape, blocks: checked, of: "weights")
      #expect(tensor.type == .int8 && tensor.shape == shape)
      #expect(tensor.integers() == plain.integers(), "\(shape)")
    }
  }

  @Test func anotherShapeOfTheSameWeights() throws {
    var random = SeededRandom(seed: 3)
    let plain = weights([20, 70], &random)
    let tensor = try Tensor(shape: [20, 70], blocks: #require(try ByteBlocks(plain)), of: "weights")
    let image = try tensor.reshaped(to: [20, 70, 1, 1])
    #expect(image.blocks != nil && image.integers() == plain.integers())
    let turned = try tensor.reshaped(to: [70, 20])
    #expect(turned.blocks == nil && turned.integers() == plain.integers())
    #expect(throws: MTLError.self) { try Tensor(shape: [20, 70, 2, 1], blocks: ByteBlocks(plain)!, of: "weights") }
  }

  @Test func damage() throws {
    let shape: Shape = [3, 65, 1, 2]
    let size = try #require(ByteBlocks.shape(of: shape)?.elementCount)
    #expect(size == 16 * 128 * 2)
    let zeros = [UInt8](repeating: 0, count: size)
    #expect(throws: Never.self) { try ByteBlocks(Bytes(copying: zeros), of: shape, "w") }
    let short = #expect(throws: MTLError.self) {
      try ByteBlocks(Bytes(copying: Array(zeros.dropLast())), of: shape, "w")
    }
    #expect(short?.description == "w: expected 4096 bytes for blocks of 3x65x1x2, found 4095")
    // Behind the third output, and behind the last input.
    for place in [3 * 4, size - 1024 + 1] {
      var filled = zeros
      filled[place] = 1
      let error = #expect(throws: MTLError.self) { try ByteBlocks(Bytes(copying: filled), of: shape, "w") }
      #expect(error?.description == "w: expected zeros where no weight of 3x65x1x2 is, found others")
    }
    for shape in [[], [4], [4, 4, 4], [0, 16], [1, 1, 1, 1, 1]] as [Shape] {
      #expect(ByteBlocks.shape(of: shape) == nil)
      #expect(throws: MTLError.self) { try ByteBlocks(Bytes(copying: zeros), of: shape, "w") }
    }
    #expect(try ByteBlocks(Tensor([1], shape: [1, 1])) == nil)
  }
}
