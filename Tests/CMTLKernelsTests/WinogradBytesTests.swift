import CMTLKernels
import TestSupport
import Testing

/// The direct convolution's bytes, from every set.
@Suite("Winograd's convolution of bytes") struct WinogradBytesTests {
  private typealias Data = BytesConvolutionData

  @Test func everySetComputesTheSame() {
    var random = SeededRandom(seed: 121)
    var forms: Set<Int32> = []
    var partCounts: Set<Int> = []
    for number in 0..<configurationCount {
      let data = Data(budget: number % 4 == 0 ? 1_000_000 : 60_000, kind: .winograd, &random)
      let grids = mtlk_winograd.grids(data.window, hasZerosOutside: data.grids.input_zero_point == 0, &random)
      forms.formUnion(grids.flatMap { [$0.rows.form, $0.columns.form] })
      let most = data.exactBlocks(grids)
      #expect(most >= 1)
      let exactBlocks = random.once(in: 2) ? most : random.integer(1...most)
      partCounts.insert((Int(data.window.input_blocks) + exactBlocks - 1) / exactBlocks)
      let cuts = grids.map { random.pieces(of: $0.tileCount) }
      for set in TestedSet.all {
        let expected = data.runWhole(set, guard: .behind)
        for side in MemoryGuard.allCases {
          let isSame = data.runTiles(set, guard: side, grids, cuts, exactBlocks: exactBlocks) == expected
          #expect(
            isSame,
            "\(set.testDescription), \(number): \(data.window) \(data.grids) \(grids) \(exactBlocks)")
        }
      }
    }
    #expect(forms.sorted() == Array(Int32(MTLK_TILE_1)...Int32(MTLK_TILE_4)))
    #expect(partCounts.isSuperset(of: [1, 2, 3]))
    let names = TestedSet.all.map(\.testDescription).joined(separator: ", ")
    print("Winograd's convolution of bytes: \(configurationCount) configurations on \(names)")
  }

  /// The largest sums that a block of inputs has: 64 channels and 9 taps of 255 times 127 or -128.
  @Test(arguments: TestedSet.all, [Int8(127), -128]) func largestSums(_ set: TestedSet, _ weight: Int8) {
    var window = mtlk_window()
    (window.input_rows, window.input_columns, window.input_blocks, window.input_lane) = (6, 6, 3, 64)
    (window.output_rows, window.output_columns, window.output_blocks, window.output_channels) = (4, 4, 1, 16)
    (window.kernel_rows, window.kernel_columns, window.stride_rows, window.stride_columns) = (3, 3, 1, 1)
    (window.dilation_rows, window.dilation_columns) = (1, 1)
    let axis = mtlk_winograd_axis(
      form: Int32(MTLK_TILE_4), first_phase: 0, phases: 1, tiles: 1, dilation: 1, padding: 0)
    var (grid, numbers) = (mtlk_winograd(rows: axis, columns: axis), mtlk_grids())
    numbers.input_channels = 192
    var transformed = [Int16](repeating: 0, count: 3 * 36 * 64)
    var scratch = [Int16](repeating: 0, count: 2 * Int(mtlk_winograd_byte_input_scratch(grid, 1)))
    unsafe set.kernels.pointee.winograd_input_bytes(
      &window, &grid, 0, [UInt8](repeating: 255, count: 3 * 36 * 64), &transformed, &scratch, 0, 1)
    var work = [Int32](repeating: 0, count: Int(mtlk_winograd_byte_scratch(grid, 1, 4)))
    var output = [Float](repeating: 0, count: 256)
    let weights = [Int8](repeating: weight, count: 192 * 9 * 16)
    #expect(unsafe mtlk_largest_weight_sum(weights, 3, 64 * 9 * 16) * 255 < 1 << 25)
    unsafe set.kernels.pointee.winograd_output_bytes(
      &window, &grid, &numbers, 1, transformed, weights, [Float](repeating: 0x1p-8, count: 16),
      [Float](repeating: 0, count: 16), nil, &output, &work, 0, 1, 0, 1)
    #expect(output.allSatisfy { $0 == Float(192 * 9 * 255 * Int(weight)) / 256 })
  }

  @Test func largestWeightSums() {
    var random = SeededRandom(seed: 122)
    for _ in 0..<configurationCount {
      let (blocks, fours) = (random.integer(1...3), random.integer(1...600))
      let fill = random.integer(0...2)
      let packed = (0..<blocks * fours * 64).map { _ -> Int8 in
        let weight = Int8(truncatingIfNeeded: random.next() >> 32)
        return fill == 0 ? -128 : fill == 1 ? 127 : weight
      }
      var largest = 0
      for block in 0..<blocks {
        for output in 0..<16 {
          let own = (0..<fours * 4).map { Int(packed[((block * fours + $0 / 4) * 16 + output) * 4 + $0 % 4]) }
          largest = max(largest, own.filter { $0 > 0 }.reduce(0, +), -own.filter { $0 < 0 }.reduce(0, +))
        }
      }
      #expect(unsafe mtlk_largest_weight_sum(packed, Int64(blocks), Int64(fours * 64)) == Int64(largest))
    }
  }
}
