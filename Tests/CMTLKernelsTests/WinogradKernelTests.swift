import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@Suite("Winograd's convolution") struct WinogradKernelTests {
  @Test func everySetComputesTheSame() throws {
    var random = SeededRandom(seed: 91)
    for number in 0..<configurationCount {
      let data = ConvolutionData(budget: 100_000, kind: .winograd, &random)
      let tiles = random.pieces(of: WinogradRun.tileCount(data.window))
      let expected = data.runWhole(.scalar, guard: .behind)
      let magnitude = data.magnitudes().max() ?? 0
      var first: [Float]?
      for set in TestedSet.all {
        for side in MemoryGuard.allCases {
          let found = WinogradRun(data, set, side).output(tiles)
          let isNear = zip(found, expected).allSatisfy { abs($0 - $1) <= 0x1p-20 * magnitude }
          #expect(isNear, "\(set.testDescription), \(number): \(data.window)")
          guard set.isa != Int32(MTLK_SCALAR) else { continue }
          #expect(found.hasSameBits(as: first ?? found), "\(set.testDescription), \(number): \(data.window)")
          first = found
        }
      }
    }
  }

  @Test(arguments: TestedSet.all) func everySplitGivesTheSameBytes(_ set: TestedSet) {
    var random = SeededRandom(seed: 92)
    for number in 0..<configurationCount {
      let data = ConvolutionData(budget: 50_000, kind: .winograd, &random)
      let count = WinogradRun.tileCount(data.window)
      let whole = WinogradRun(data, set, .behind).output([0..<Int32(count)])
      let split = WinogradRun(data, set, .before).output(random.pieces(of: count))
      #expect(split.hasSameBits(as: whole), "\(number): \(data.window)")
      #expect(!whole.contains { $0.isUntouched }, "\(number): \(data.window)")
    }
  }

  @Test func fillingChannelsStayZero() {
    var random = SeededRandom(seed: 93)
    for set in TestedSet.all {
      let data = ConvolutionData(budget: 30_000, specials: [.infinity, .nan], kind: .winograd, &random)
      let pixels = Int(data.window.output_rows * data.window.output_columns)
      let result = WinogradRun(data, set, .behind).output([0..<Int32(WinogradRun.tileCount(data.window))])
      for index in result.indices where index / (pixels * 16) * 16 + index % 16 >= data.outputChannels {
        #expect(result[index] == 0)
      }
    }
  }

  /// Every output along an axis belongs to one tile.
  @Test func tilesCoverTheOutputs() {
    for dilation in Int32(1)...9 {
      for pixels in Int32(1)...40 {
        let first = (0..<mtlk_winograd_tiles(pixels, dilation)).map { mtlk_winograd_pixel($0, dilation) }
        let covered = first.flatMap { [$0, $0 + dilation] }.filter { $0 < pixels }
        #expect(covered.sorted() == Array(0..<pixels) && first.allSatisfy { $0 < pixels })
      }
    }
  }
}

/// One convolution by the three steps of Winograd's, each in guarded memory.
private struct WinogradRun {
  private let data: ConvolutionData
  private let set: TestedSet
  private let side: MemoryGuard

  init(_ data: ConvolutionData, _ set: TestedSet, _ side: MemoryGuard) {
    (self.data, self.set, self.side) = (data, set, side)
  }

  static func tileCount(_ window: mtlk_window) -> Int {
    Int(mtlk_winograd_tiles(window.output_rows, window.dilation_rows))
      * Int(mtlk_winograd_tiles(window.output_columns, window.dilation_columns))
  }

  func output(_ pieces: [Range<Int32>]) -> [Float] {
    let input = GuardedFloats(data.input, side)
    let bias = GuardedFloats(data.bias, side)
    let operand = data.operand.map { GuardedFloats($0, side) }
    let output = GuardedFloats(untouched: data.outputCount, side)
    var window = data.window
    for tiles in pieces {
      let transformed = GuardedFloats(untouched: Int(window.input_blocks) * 256 * tiles.count, side)
      unsafe set.kernels.pointee.winograd_input(
        &window, input.pointer, transformed.pointer, tiles.lowerBound, tiles.upperBound)
      // The output blocks one by one.
      for block in 0..<window.output_blocks {
        let products = products(of: Int(block), transformed, tileCount: tiles.count)
        unsafe set.kernels.pointee.winograd_output(
          &window, products.pointer, bias.pointer, operand?.pointer, output.pointer, block, block + 1,
          tiles.lowerBound, tiles.upperBound)
      }
    }
    return output.elements
  }

  private func products(of block: Int, _ transformed: GuardedFloats, tileCount: Int) -> GuardedFloats {
    let weights = GuardedFloats(data.winogradWeights, side)
    let products = GuardedFloats(untouched: 256 * tileCount, side)
    var window = mtlk_window()
    (window.input_rows, window.input_columns) = (16, Int32(tileCount))
    (window.input_blocks, window.input_lane) = (data.window.input_blocks, 16)
    (window.output_rows, window.output_columns) = (16, Int32(tileCount))
    (window.output_blocks, window.output_channels) = (1, 16)
    (window.kernel_rows, window.kernel_columns, window.stride_rows, window.stride_columns) = (1, 1, 1, 1)
    (window.dilation_rows, window.dilation_columns) = (1, 1)
    let zeros = [Float](repeating: 0, count: 16)
    for position in 0..<16 {
      let first = (position * Int(data.window.output_blocks) + block) * Int(window.input_blocks) * 256
      unsafe set.kernels.pointee.convolution(
        &window, transformed.pointer, weights.pointer + first, zeros, nil, products.pointer, 0, 1, Int32(position),
        Int32(position) + 1)
    }
    return products
  }
}

extension ConvolutionData {
  fileprivate var winogradWeights: [Float] {
    let shape = plain[1].shape
    var packed = [Float](repeating: .nan, count: Int(window.output_blocks * window.input_blocks) * 4096)
    unsafe mtlk_pack_winograd((try? plain[1].floats()) ?? [], nil, &packed, Int64(shape[0]), Int64(shape[1]))
    return packed
  }
}
