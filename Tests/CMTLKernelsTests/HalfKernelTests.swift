import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@Suite("Kernels of halves") struct HalfKernelTests {
  /// The same from every set with the guard on either side, which is returned.
  private func same<Element>(
    _ story: String, isSame: ([Element], [Element]) -> Bool, _ run: (TestedSet, MemoryGuard) -> [Element]
  ) -> [Element] {
    let expected = run(.scalar, .behind)
    for set in TestedSet.all {
      for side in MemoryGuard.allCases {
        #expect(isSame(run(set, side), expected), "\(set.testDescription), \(story)")
      }
    }
    return expected
  }

  private func same(_ story: String, _ run: (TestedSet, MemoryGuard) -> [UInt16]) -> [UInt16] {
    same(story, isSame: { $0.hasSameHalves(as: $1) }, run)
  }

  /// Blocks of 16 somewhere in a larger image, and the halves that are expected there: what is behind an odd last block is
  /// zero, all else untouched.
  private struct Part {
    let pixels: Int
    let blocks: Int
    let first: Int
    let outputBlocks: Int
    let pieces: [Range<Int32>]
    let skipped: Range<Int32>

    init(_ random: inout SeededRandom) {
      (pixels, blocks, first) = (random.integer(1...40), random.integer(1...9), random.integer(0...4))
      outputBlocks = first + blocks + random.pick([0, 0, random.integer(0...3)])
      pieces = random.pieces(of: pixels)
      skipped = random.once(in: 3) ? random.pick(pieces) : 0..<0
    }

    var halfCount: Int { (outputBlocks + 1) / 2 * 32 * pixels }

    func expected(_ half: (_ block: Int, _ pixel: Int, _ lane: Int) -> UInt16) -> [UInt16] {
      (0..<halfCount).map { index in
        let pixel = index / 32 % pixels
        let (block, lane) = (index / (32 * pixels) * 2 + index % 32 / 16, index % 16)
        guard !skipped.contains(Int32(pixel)) else { return 0xA5A5 }
        if (first..<first + blocks).contains(block) { return half(block - first, pixel, lane) }
        return block == outputBlocks && first + blocks == outputBlocks ? 0 : 0xA5A5
      }
    }
  }

  @Test func toHalves() {
    var random = SeededRandom(seed: 131)
    for number in 0..<configurationCount {
      let part = Part(&random)
      let values = Halves.floats(16 * part.pixels * part.blocks, &random)
      let found = same("\(number): \(part)") { set, side in
        let input = GuardedFloats(values, side)
        let output = GuardedMemory(count: part.halfCount, guard: side, fill: UInt16(0xA5A5))
        for piece in part.pieces where piece != part.skipped {
          unsafe set.kernels.pointee.to_halves(
            input.pointer, output.pointer, Int64(part.pixels), Int32(part.blocks), Int32(part.first),
            Int32(part.outputBlocks), Int64(piece.lowerBound), Int64(piece.upperBound))
        }
        return output.elements
      }
      let expected = part.expected { block, pixel, lane in
        Halves.nearest(values[(block * part.pixels + pixel) * 16 + lane])
      }
      #expect(found.hasSameHalves(as: expected), "\(number): \(part)")
    }
  }

  @Test func copyHalves() {
    var random = SeededRandom(seed: 132)
    for number in 0..<configurationCount {
      let part = Part(&random)
      let halves = (0..<(part.blocks + 1) / 2 * 32 * part.pixels).map { _ in
        UInt16(truncatingIfNeeded: random.next())
      }
      let found = same("\(number): \(part)") { set, side in
        let input = GuardedMemory(halves, guard: side, fill: 0)
        let output = GuardedMemory(count: part.halfCount, guard: side, fill: UInt16(0xA5A5))
        for piece in part.pieces where piece != part.skipped {
          unsafe set.kernels.pointee.copy_halves(
            input.pointer, output.pointer, Int64(part.pixels), Int32(part.blocks), Int32(part.first),
            Int32(part.outputBlocks), Int64(piece.lowerBound), Int64(piece.upperBound))
        }
        return output.elements
      }
      #expect(found == part.expected { halves[Halves.place($0, part.pixels, $1, $2)] }, "\(number): \(part)")
    }
  }

  @Test func fromHalves() {
    var random = SeededRandom(seed: 133)
    for number in 0..<configurationCount {
      let part = Part(&random)
      let (pixels, blocks) = (part.pixels, part.blocks)
      let halves = (0..<(blocks + 1) / 2 * 32 * pixels).map { _ in UInt16(truncatingIfNeeded: random.next()) }
      let found = same("\(number): \(part)", isSame: ==) { set, side in
        let input = GuardedMemory(halves, guard: side, fill: 0)
        let output = GuardedFloats(untouched: 16 * pixels * blocks, side)
        for piece in part.pieces where piece != part.skipped {
          unsafe set.kernels.pointee.from_halves(
            input.pointer, output.pointer, Int64(pixels), Int32(blocks), Int64(piece.lowerBound),
            Int64(piece.upperBound))
        }
        return output.elements.map(\.bitPattern)
      }
      let expected = found.indices.map { index in
        let (block, pixel) = (index / (16 * pixels), index / 16 % pixels)
        if part.skipped.contains(Int32(pixel)) { return Float.untouched.bitPattern }
        return UInt32(halves[Halves.place(block, pixels, pixel, index % 16)]) << 16
      }
      #expect(found == expected, "\(number): \(part)")
    }
  }

  /// Filling channels become zero; NaN, infinities and windows that cover nothing are as the operator has them.
  @Test func maxPool() throws {
    var random = SeededRandom(seed: 134)
    for number in 0..<configurationCount {
      let (shape, ceil) = WindowCase.pool(&random)
      let blocks = random.integer(1...3)
      let channels = 32 * blocks - random.pick([0, random.integer(0...31)])
      var window = shape.kernelWindow(lane: 32, outputs: channels)
      let inputPixels = shape.rows * shape.columns
      let halves = Halves.floats(blocks * 32 * inputPixels, &random).map { UInt16($0.bitPattern >> 16) }
      let blockPieces = random.pieces(of: blocks)
      let rowPieces = random.pieces(of: shape.outputRows)
      let skipped = random.once(in: 3) ? random.pick(rowPieces) : 0..<0
      let pixels = shape.outputRows * shape.outputColumns
      let found = same("\(number): \(window)") { set, side in
        let input = GuardedMemory(halves, guard: side, fill: 0)
        let output = GuardedMemory(count: blocks * 32 * pixels, guard: side, fill: UInt16(0xA5A5))
        for block in blockPieces {
          for rows in rowPieces where rows != skipped {
            unsafe set.kernels.pointee.max_pool_halves(
              &window, input.pointer, output.pointer, block.lowerBound, block.upperBound, rows.lowerBound,
              rows.upperBound)
          }
        }
        return output.elements
      }
      guard shape.window.kernel.rows * shape.window.kernel.columns < 30 else { continue }
      let last = 32 * (blocks - 1) * inputPixels
      let plain = (0..<32 * inputPixels).map {
        Halves.value(halves[last + $0 % inputPixels * 32 + $0 / inputPixels])
      }
      let pooled = try MaxPool(shape.window, ceil: ceil)
        .evaluate([Tensor(plain, shape: [1, 32, shape.rows, shape.columns])])[0].floats()
      let expected = (0..<32 * pixels).map { index -> UInt16 in
        if skipped.contains(Int32(index / 32 / shape.outputColumns)) { return 0xA5A5 }
        let isFilling = 32 * (blocks - 1) + index % 32 >= channels
        return isFilling ? 0 : UInt16(pooled[index % 32 * pixels + index / 32].bitPattern >> 16)
      }
      #expect(Array(found.suffix(32 * pixels)).hasSameHalves(as: expected), "\(number): \(window)")
    }
  }

  @Test func globalAverage() {
    var random = SeededRandom(seed: 135)
    for number in 0..<configurationCount {
      let (pixels, outputBlocks) = (random.integer(1...200), random.integer(1...13))
      let blocks = (outputBlocks + 1) / 2
      let halves = Halves.image(blocks: blocks, pixels: pixels, channels: 32 * blocks, &random)
      let pieces = random.pieces(of: blocks)
      let skipped = random.once(in: 3) ? random.pick(pieces) : 0..<0
      let found = same("\(number): \(pixels) pixels", isSame: ==) { set, side in
        let (input, output) = (
          GuardedMemory(halves, guard: side, fill: 0), GuardedFloats(untouched: 16 * outputBlocks, side)
        )
        for piece in pieces where piece != skipped {
          unsafe set.kernels.pointee.global_average_halves(
            input.pointer, output.pointer, Int64(pixels), piece.lowerBound, piece.upperBound, Int32(outputBlocks))
        }
        return output.elements.map(\.bitPattern)
      }
      let isRight = found.indices.allSatisfy { channel in
        let value = Float(bitPattern: found[channel])
        if skipped.contains(Int32(channel / 32)) { return value.isUntouched }
        let first = channel / 32 * pixels * 32 + channel % 32
        let mean = (0..<pixels).reduce(0.0) { $0 + Double(Halves.value(halves[first + $1 * 32])) } / Double(pixels)
        return abs(Double(value) - mean) <= 1e-7
      }
      #expect(isRight, "\(number): \(pixels) pixels")
    }
  }

  @Test func packedWeights() {
    var random = SeededRandom(seed: 136)
    for number in 0..<configurationCount {
      let (outputs, inputs, taps) = (
        random.integer(1...50), random.integer(1...random.pick([6, 200])), random.integer(1...9)
      )
      let weights = Halves.floats(outputs * inputs * taps, &random)
      let scale = random.once(in: 2) ? random.floats(outputs, in: -2...2) : nil
      let (outputBlocks, inputBlocks) = ((outputs + 15) / 16, (inputs + 31) / 32)
      let packed = GuardedMemory(count: outputBlocks * inputBlocks * taps * 512, guard: .behind, fill: UInt16(99))
      unsafe mtlk_pack_halves(weights, scale, packed.pointer, Int64(outputs), Int64(inputs), Int64(taps))
      // Block, input block, tap, pair, output, input of the pair.
      let expected = (0..<packed.count).map { index -> UInt16 in
        let (tile, place) = (index / 512, index % 512)
        let output = tile / (taps * inputBlocks) * 16 + place / 2 % 16
        let input = tile / taps % inputBlocks * 32 + place / 32 * 2 + place % 2
        guard output < outputs && input < inputs else { return 0 }
        return Halves.nearest(weights[(output * inputs + input) * taps + tile % taps] * (scale?[output] ?? 1))
      }
      let isRight = packed.elements.hasSameHalves(as: expected)
      #expect(isRight, "\(number): \(outputs) outputs, \(inputs) inputs, \(taps) taps")
    }
  }
}
