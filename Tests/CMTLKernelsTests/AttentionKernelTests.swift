import CMTLKernels
import TestSupport
import Testing

@Suite("Attention kernels") struct AttentionKernelTests {
  /// Random operands, laid out as the kernel takes them.
  private struct Data {
    var shape = mtlk_attention()
    let queryCount: Int
    let queries: [Float]
    let keys: [Float]
    let values: [Float]
    var bias: [Float]?
    let pieces: [Range<Int32>]

    init(_ random: inout SeededRandom, queries queryCount: Int, keys keyCount: Int, depth: Int, valueBlocks: Int) {
      let keyBlocks = (keyCount + 15) / 16
      self.queryCount = queryCount
      shape.keys = Int64(keyCount)
      shape.depth = Int64(depth)
      shape.value_blocks = Int64(valueBlocks)
      shape.query_plane = Int64(queryCount * 16)
      shape.value_plane = Int64(keyCount * 16)
      shape.output_plane = Int64(queryCount * 16)
      shape.bias_stride = Int64(keyBlocks * 16)
      shape.scale = random.pick([1, 0.125, 3])
      queries = random.floats((depth + 15) / 16 * queryCount * 16)
      keys = random.floats(keyBlocks * depth * 16)
      values = random.floats(valueBlocks * keyCount * 16)
      pieces = random.pieces(of: queryCount)
      guard random.once(in: 2) else { return }
      bias = random.floats(queryCount * keyBlocks * 16, in: -3...3).enumerated().map { index, value in
        index % (keyBlocks * 16) > 0 && random.once(in: 3) ? -.infinity : value
      }
    }

    var story: String { "\(queryCount) queries, \(shape)" }

    func run(_ set: TestedSet, _ side: GuardedFloats.Guard) -> [Float] {
      let (queries, keys) = (GuardedFloats(queries, side), GuardedFloats(keys, side))
      let (values, bias) = (GuardedFloats(values, side), bias.map { GuardedFloats($0, side) })
      let output = GuardedFloats(untouched: max(Int(shape.value_blocks) * 16, 1) * queryCount, side)
      var shape = shape
      for piece in pieces {
        unsafe set.kernels.pointee.attention(
          &shape, queries.pointer, keys.pointer, values.pointer, bias?.pointer, output.pointer,
          Int64(piece.lowerBound), Int64(piece.upperBound))
      }
      return output.elements
    }
  }

  @Test func everySetComputesTheSame() {
    var random = SeededRandom(seed: 101)
    for number in 0..<configurationCount / 3 {
      let data = Data(
        &random, queries: random.integer(1...120), keys: random.integer(1...80), depth: random.integer(1...40),
        valueBlocks: random.integer(1...5))
      checkSets(within: 1e-5, "\(number): \(data.story)") { data.run($0, $1) }
    }
  }

  /// More keys than a chunk holds: the softmax is carried along.
  @Test(arguments: [144, 145, 289, 1000]) func manyKeys(_ keys: Int) {
    var random = SeededRandom(seed: UInt64(keys))
    let data = Data(&random, queries: 7, keys: keys, depth: 32, valueBlocks: 2)
    checkSets(within: 1e-5, data.story) { data.run($0, $1) }
  }

  /// Without values: the bias that makes weights of scores. Added again, it makes that bias zero.
  @Test(arguments: [5, 200]) func logarithmsOfSums(_ keys: Int) {
    var random = SeededRandom(seed: UInt64(keys))
    var data = Data(&random, queries: 50, keys: keys, depth: 20, valueBlocks: 0)
    data.bias = nil
    checkSets(within: 1e-5, data.story) { data.run($0, $1) }
    let logarithms = data.run(TestedSet.all[0], .behind)
    data.bias = logarithms.flatMap { [Float](repeating: $0, count: Int(data.shape.bias_stride)) }
    checkSets(within: 1e-5, data.story) { data.run($0, $1) }
    #expect(data.run(TestedSet.all[0], .behind).allSatisfy { abs($0) < 1e-5 })
  }

  /// Far below the smallest sum, at it and far above.
  @Test(arguments: [Float(-200), -20, 0, 60]) func smallestSums(_ bias: Float) {
    var random = SeededRandom(seed: 104)
    var data = Data(&random, queries: 20, keys: 210, depth: 8, valueBlocks: 1)
    data.bias = [Float](repeating: bias, count: 20 * 224)
    data.shape.smallest_sum = 1e-8
    checkSets(within: 1e-5, data.story) { data.run($0, $1) }
  }

  /// As softmax has it: 0 / 0. Other rows do not notice.
  @Test(arguments: TestedSet.all) func fullyMaskedRowsAreNaN(_ set: TestedSet) {
    var random = SeededRandom(seed: 103)
    var data = Data(&random, queries: 2, keys: 200, depth: 8, valueBlocks: 1)
    data.bias = (0..<416).map { $0 < 208 ? -.infinity : 0 }
    let output = data.run(set, .behind)
    #expect(output.prefix(16).allSatisfy { $0.isNaN } && output.dropFirst(16).allSatisfy { $0.isFinite })
  }
}
