import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@Suite("Sums and products of bytes") struct ByteCombineTests {
  private static let operations = [Int32(MTLK_ADD), Int32(MTLK_SUBTRACT), Int32(MTLK_MULTIPLY)]

  private func grid(_ random: inout SeededRandom) throws -> ByteGrid {
    let zeroPoint = random.pick([0, 255, random.integer(0...255)])
    return try #require(ByteGrid(scale: random.floats(1, in: 0.001...3)[0], zeroPoint: UInt8(zeroPoint)))
  }

  /// Every set gives what the grids' own arithmetic gives, and touches nothing else.
  @Test func everySetComputesTheSame() throws {
    var random = SeededRandom(seed: 131)
    for number in 0..<configurationCount {
      let (left, right, end) = (try grid(&random), try grid(&random), try grid(&random))
      let count = 64 * random.integer(1...20)
      let operands = (0..<2).map { _ in (0..<count).map { _ in UInt8(random.integer(0...255)) } }
      let operation = random.pick(ByteCombineTests.operations)
      let activation = Int32(random.pick([MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU, MTLK_CLIPPED_RELU]))
      var pair = mtlk_byte_pair(
        scales: (left.scale, right.scale), zero_points: (Int32(left.zeroPoint), Int32(right.zeroPoint)),
        output_inverse_scale: end.inverseScale, output_zero_point: Int32(end.zeroPoint))
      let expected = (0..<count).map { index -> UInt8 in
        let (x, y) = (left.value(of: operands[0][index]), right.value(of: operands[1][index]))
        let value = operation == Int32(MTLK_ADD) ? x + y : operation == Int32(MTLK_SUBTRACT) ? x - y : x * y
        return end.code(of: activated(value, activation))
      }
      for set in TestedSet.all {
        for side in MemoryGuard.allCases {
          let (a, b) = (
            GuardedMemory(operands[0], guard: side, fill: 0), GuardedMemory(operands[1], guard: side, fill: 0)
          )
          let output = GuardedMemory(count: count, guard: side, fill: UInt8(0xA5))
          unsafe set.kernels.pointee.combine_bytes(
            operation, &pair, a.pointer, b.pointer, output.pointer, Int64(count), activation, 0.25)
          #expect(output.elements == expected, "\(set.testDescription), \(number)")
        }
      }
    }
  }

  /// To another grid or as they are, into a part of a larger value.
  @Test func requantize() throws {
    var random = SeededRandom(seed: 132)
    for number in 0..<configurationCount {
      let (from, to) = (try grid(&random), try grid(&random))
      let (pixels, blocks, first) = (random.integer(1...30), random.integer(1...9), random.integer(0...9))
      let range = random.pick(random.pieces(of: pixels))
      let codes = (0..<(blocks + 3) / 4 * 64 * pixels).map { _ in UInt8(random.integer(0...255)) }
      var change = mtlk_byte_change(
        scale: from.scale, zero_point: Int32(from.zeroPoint), output_inverse_scale: to.inverseScale,
        output_zero_point: Int32(to.zeroPoint))
      let changes = random.once(in: 2)
      func place(_ channel: Int, _ pixel: Int) -> Int { (channel / 64 * pixels + pixel) * 64 + channel % 64 }
      var expected = [UInt8](repeating: 0xA5, count: (blocks + first + 3) / 4 * 64 * pixels)
      for channel in 0..<blocks * 16 {
        for pixel in range {
          let code = codes[place(channel, Int(pixel))]
          expected[place(first * 16 + channel, Int(pixel))] = changes ? to.code(of: from.value(of: code)) : code
        }
      }
      for set in TestedSet.all {
        for side in MemoryGuard.allCases {
          let input = GuardedMemory(codes, guard: side, fill: 0)
          let output = GuardedMemory(count: expected.count, guard: side, fill: UInt8(0xA5))
          unsafe withUnsafePointer(to: &change) { change in
            unsafe set.kernels.pointee.requantize(
              input.pointer, output.pointer, Int64(pixels), Int32(blocks), Int32(first), Int64(range.lowerBound),
              Int64(range.upperBound), changes ? change : nil)
          }
          #expect(output.elements == expected, "\(set.testDescription), \(number)")
        }
      }
    }
  }

  private func activated(_ value: Float, _ activation: Int32) -> Float {
    switch Int(activation) {
    case MTLK_RELU: max(value, 0)
    case MTLK_LEAKY_RELU: value < 0 ? value * 0.25 : value
    case MTLK_CLIPPED_RELU: min(max(value, 0), 0.25)
    default: value
    }
  }
}
