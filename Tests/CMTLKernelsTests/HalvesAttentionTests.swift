import CMTLKernels
import TestSupport
import Testing

@Suite("Attention of halves") struct HalvesAttentionTests {
  /// Random operands, laid out as the kernel takes them.
  private struct Data {
    var shape = mtlk_attention_halves()
    let queries: [UInt16]
    let keys: [UInt16]
    let values: [UInt16]
    var bias: [Float]?

    init(
      _ random: inout SeededRandom, queries queryCount: Int, keys keyCount: Int, depthBlocks: Int, valueBlocks: Int
    ) {
      let tiles = (keyCount + 31) / 32
      (shape.queries, shape.keys) = (Int64(queryCount), Int64(keyCount))
      (shape.depth_blocks, shape.value_blocks) = (Int64(depthBlocks), Int64(valueBlocks))
      shape.bias_stride = Int64(tiles * 32)
      shape.scale = random.pick([1, 0.125, -0.7])
      shape.output_is_half = random.once(in: 2) ? 1 : 0
      queries = Halves.halves(depthBlocks * 32 * queryCount, &random)
      let keyImage = Halves.halves(depthBlocks * 32 * keyCount, &random)
      let valueImage = Halves.halves((valueBlocks + 1) / 2 * 32 * keyCount, &random)
      keys = Data.paired(depthBlocks * 32 * tiles * 32) {
        unsafe TestedSet.scalar.kernels.pointee.pair_keys(
          keyImage, Int64(keyCount), Int64(depthBlocks), $0, 0, Int64(tiles))
      }
      values = Data.paired(valueBlocks * 16 * tiles * 32) {
        unsafe TestedSet.scalar.kernels.pointee.pair_values(
          valueImage, Int64(keyCount), Int64(valueBlocks), $0, 0, Int64(tiles))
      }
      guard random.once(in: 2) else { return }
      bias = random.floats(queryCount * tiles * 32, in: -3...3).enumerated().map { index, value in
        index % (tiles * 32) > 0 && random.once(in: 3) ? -.infinity : value
      }
    }

    private static func paired(_ count: Int, _ fill: (UnsafeMutablePointer<UInt16>) -> Void) -> [UInt16] {
      let memory = GuardedMemory<UInt16>(count: count, guard: .behind, fill: 0x7FC0)
      unsafe fill(memory.pointer)
      return memory.elements
    }

    /// A few queries or keys, or more of either than are taken together.
    static func random(_ random: inout SeededRandom) -> Data {
      let (hasManyKeys, hasManyQueries) = (random.once(in: 8), random.once(in: 8))
      return Data(
        &random, queries: hasManyQueries ? random.integer(230...300) : random.integer(1...70),
        keys: hasManyKeys ? random.integer(200...600) : random.integer(1...70),
        depthBlocks: hasManyKeys || hasManyQueries ? 1 : random.integer(1...3),
        valueBlocks: hasManyKeys && hasManyQueries ? 1 : random.integer(1...3))
    }

    var outputCount: Int {
      let blocks = shape.output_is_half == 1 ? (shape.value_blocks + 1) / 2 * 2 : shape.value_blocks
      return Int(blocks * 16 * shape.queries)
    }

    var story: String { "\(shape)" }

    /// The output as floats.
    func run(_ set: TestedSet, _ side: MemoryGuard, pieces: [Range<Int32>]? = nil) -> [Float] {
      func guarded(_ values: [UInt16]) -> GuardedMemory<UInt16> { GuardedMemory(values, guard: side, fill: 0) }
      let (queries, keys, values) = (guarded(queries), guarded(keys), guarded(values))
      let bias = bias.map { GuardedFloats($0, side) }
      var shape = shape
      let sums = GuardedFloats(untouched: Int(unsafe mtlk_attention_sum_count(&shape)), side)
      let isHalf = shape.output_is_half == 1
      let halves = GuardedMemory<UInt16>(count: isHalf ? outputCount : 0, guard: side, fill: 0xFFFF)
      let floats = GuardedFloats(untouched: isHalf ? 0 : outputCount, side)
      let output = unsafe isHalf ? UnsafeMutableRawPointer(halves.pointer) : UnsafeMutableRawPointer(floats.pointer)
      for piece in pieces ?? [0..<Int32(shape.queries)] {
        unsafe set.kernels.pointee.attention_halves(
          &shape, queries.pointer, keys.pointer, values.pointer, bias?.pointer, output, sums.pointer,
          Int64(piece.lowerBound), Int64(piece.upperBound))
      }
      return isHalf ? halves.elements.map(Halves.value) : floats.elements
    }

    /// For each output the mean magnitude of the values, weighted as they are.
    var magnitudes: [Float] {
      var data = Data(self, values: values.map { $0 & 0x7FFF })
      data.shape.output_is_half = 0
      let means = data.run(.scalar, .behind)
      guard shape.output_is_half == 1 else { return means }
      let pixels = Int(shape.queries)
      var placed = [Float](repeating: 0, count: outputCount)
      for (index, mean) in means.enumerated() {
        placed[Halves.place(index / 16 / pixels, pixels, index / 16 % pixels, index % 16)] = mean
      }
      return placed
    }

    init(_ other: Data, values: [UInt16]) {
      (shape, queries, keys, bias) = (other.shape, other.queries, other.keys, other.bias)
      self.values = values
    }
  }

  /// A weight is rounded by up to 2^-9 of itself, and so is then their sum; which way depends on the largest score so far,
  /// and so on the chunks. The scores are sums in another order. A half may be the other neighbour besides.
  private func isNear(_ one: [Float], _ other: [Float], _ data: Data) -> Bool {
    zip(zip(one, other), data.magnitudes).allSatisfy { pair, magnitude in
      let tolerance = (0x1p-7 + 0x1p-10) * magnitude + (data.shape.output_is_half == 1 ? 0x1p-7 * abs(pair.0) : 0)
      return pair.0 == pair.1 || (pair.0.isNaN && pair.1.isNaN) || abs(pair.0 - pair.1) <= tolerance
    }
  }

  private func checkSets(_ data: Data) {
    let expected = data.run(.scalar, .behind)
    for set in TestedSet.allAndTiles.dropFirst() {
      let found = data.run(set, .behind)
      #expect(data.run(set, .before).hasSameBits(as: found), "\(set.testDescription), \(data.story)")
      #expect(isNear(expected, found, data), "\(set.testDescription), \(data.story)")
    }
  }

  @Test func everySetComputesTheSame() {
    var random = SeededRandom(seed: 151)
    for _ in 0..<configurationCount / 3 { checkSets(Data.random(&random)) }
  }

  @Test(arguments: TestedSet.allAndTiles) func everySplitGivesTheSameBits(_ set: TestedSet) {
    var random = SeededRandom(seed: 152)
    for _ in 0..<configurationCount / 3 {
      let data = Data.random(&random)
      let pieces = random.pieces(of: Int(data.shape.queries))
      let isSame = data.run(set, .behind, pieces: pieces).hasSameBits(as: data.run(set, .before))
      #expect(isSame, "\(data.story) in \(pieces)")
    }
  }

  /// Values that are all alike come out as they are: the weights that they meet are those that are added up.
  @Test(arguments: TestedSet.allAndTiles) func weightsAddUpToOne(_ set: TestedSet) {
    var random = SeededRandom(seed: 153)
    for keys in [5, 33, 300, 700] {
      var data = Data(&random, queries: 40, keys: keys, depthBlocks: 1, valueBlocks: 2)
      data.shape.output_is_half = 0
      data = Data(data, values: data.values.map { _ in Halves.nearest(0.7) })
      let found = data.run(set, .behind)
      #expect(found.allSatisfy { abs($0 - Halves.value(Halves.nearest(0.7))) < 1e-5 }, "\(data.story)")
    }
  }

  /// As softmax has it: 0 / 0. Other rows do not notice.
  @Test(arguments: TestedSet.allAndTiles) func fullyMaskedRowsAreNaN(_ set: TestedSet) {
    var random = SeededRandom(seed: 154)
    var data = Data(&random, queries: 2, keys: 300, depthBlocks: 1, valueBlocks: 1)
    data.shape.output_is_half = 0
    data.bias = (0..<640).map { $0 < 320 ? -.infinity : 0 }
    let output = data.run(set, .behind)
    #expect(output.prefix(16).allSatisfy { $0.isNaN } && output.dropFirst(16).allSatisfy { $0.isFinite })
  }

  /// Keys and values in pairs, bit for bit.
  @Test(arguments: TestedSet.all) func pairs(_ set: TestedSet) {
    var random = SeededRandom(seed: 155)
    for _ in 0..<configurationCount {
      let (keys, blocks, isValues) = (random.integer(1...70), random.integer(1...5), random.once(in: 2))
      let (tiles, lane) = ((keys + 31) / 32, isValues ? 16 : 32)
      let image = Halves.halves((blocks * lane + 31) / 32 * 32 * keys, &random)
      let pieces = random.pieces(of: tiles)
      func run(_ set: TestedSet, _ side: MemoryGuard) -> [UInt16] {
        let source = GuardedMemory<UInt16>(image, guard: side, fill: 0)
        let packed = GuardedMemory<UInt16>(count: tiles * 32 * blocks * lane, guard: side, fill: 0xFFFF)
        for piece in pieces {
          let (begin, end) = (Int64(piece.lowerBound), Int64(piece.upperBound))
          let functions = unsafe set.kernels.pointee
          unsafe (isValues ? functions.pair_values : functions.pair_keys)(
            source.pointer, Int64(keys), Int64(blocks), packed.pointer, begin, end)
        }
        return packed.elements
      }
      let expected = run(.scalar, .behind)
      for side in MemoryGuard.allCases {
        let isSame = run(set, side) == expected
        #expect(isSame, "\(keys) keys, \(blocks) blocks, \(isValues)")
      }
    }
  }
}
