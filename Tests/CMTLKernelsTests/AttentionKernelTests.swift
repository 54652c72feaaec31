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

    /// - Parameter inEighths: whether scores are whole multiples of 1/8.
    init(
      _ random: inout SeededRandom, queries queryCount: Int, keys keyCount: Int, depth: Int, valueBlocks: Int,
      inEighths: Bool = false
    ) {
      let keyBlocks = (keyCount + 15) / 16
      self.queryCount = queryCount
      shape.keys = Int64(keyCount)
      shape.depth = Int64(depth)
      shape.value_blocks = Int64(valueBlocks)
      shape.query_plane = Int64(queryCount * 16)
      shape.value_plane = Int64(keyCount * 16)
      shape.output_plane = Int64(queryCount * 16)
      shape.bias_stride = Int64(keyBlocks * 16)
      shape.scale = inEighths ? 0.125 : random.pick([1, 0.125, 3])
      func whole(_ numbers: [Float]) -> [Float] { inEighths ? numbers.map { (3 * $0).rounded() } : numbers }
      queries = whole(random.floats((depth + 15) / 16 * queryCount * 16))
      keys = whole(random.floats(keyBlocks * depth * 16))
      values = random.floats(valueBlocks * keyCount * 16)
      pieces = random.pieces(of: queryCount)
      guard random.once(in: 2) else { return }
      bias = random.floats(queryCount * keyBlocks * 16, in: -3...3).enumerated().map { index, value in
        let known = inEighths ? (value * 8).rounded() / 8 : value
        return index % (keyBlocks * 16) > 0 && random.once(in: 3) ? -.infinity : known
      }
    }

    var story: String { "\(queryCount) queries, \(shape)" }

    func run(_ set: TestedSet, _ side: GuardedFloats.Guard) -> [Float] {
      let (queries, keys) = (GuardedFloats(queries, side), GuardedFloats(keys, side))
      let (values, bias) = (GuardedFloats(values, side), bias.map { GuardedFloats($0, side) })
      let output = GuardedFloats(untouched: max(Int(shape.value_blocks) * 16, 1) * queryCount, side)
      var shape = shape
      let memory = GuardedFloats(untouched: Int(unsafe mtlk_attention_memory(&shape)), side)
      for piece in pieces {
        unsafe set.kernels.pointee.attention(
          &shape, queries.pointer, keys.pointer, values.pointer, bias?.pointer, output.pointer,
          memory.pointer, Int64(piece.lowerBound), Int64(piece.upperBound))
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

  /// Scores are multiples of 1/8, which all sets round alike. A weight may be rounded to a neighbour where last bits differ.
  @Test(arguments: [30, 144, 145, 300]) func grids(_ keys: Int) {
    var random = SeededRandom(seed: UInt64(keys))
    for number in 0..<max(configurationCount / 10, 4) {
      var data = Data(
        &random, queries: random.integer(1...100), keys: keys, depth: random.integer(1...40),
        valueBlocks: random.integer(1...3), inEighths: true)
      data.shape.is_rounded = 1
      data.shape.product = random.pick([
        mtlk_rounding(step: 0.5, inverse_step: 2, zero_point: 128),
        mtlk_rounding(step: 0.0625, inverse_step: 16, zero_point: 100),
      ])
      data.shape.score = random.pick([mtlk_rounding(), mtlk_rounding(step: 0.25, inverse_step: 4, zero_point: 4)])
      data.shape.masked = random.pick([mtlk_rounding(), mtlk_rounding(step: 0.5, inverse_step: 2, zero_point: 128)])
      data.shape.weight = random.pick([
        mtlk_rounding(), mtlk_rounding(step: 1 / 16, inverse_step: 16, zero_point: 0),
      ])
      let tolerance: Float = data.shape.weight.step > 0 ? 1.1 / 16 : 1e-5
      checkSets(within: tolerance, "\(number): \(data.story)") { data.run($0, $1) }
    }
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
