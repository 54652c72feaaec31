import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@Suite("Convolution kernels") struct ConvolutionKernelTests {
  /// Rounding of sums in two orders: 16 units in the last place of the sum of the addends' absolute values. (Every sum
  /// of up to 15 addends keeps it; of longer random sums the errors cancel.)
  private static let bound: Float = 16 * 0x1p-24

  private func isNear(_ one: [Float], _ other: [Float], _ magnitudes: [Float]) -> Bool {
    one.indices.allSatisfy {
      other[$0].isNaN || abs(one[$0] - other[$0]) <= ConvolutionKernelTests.bound * magnitudes[$0]
    }
  }

  @Test func everySetComputesTheSame() throws {
    var random = SeededRandom(seed: 11)
    var comparedWithReference = 0
    for number in 0..<configurationCount {
      let isSmall = number % 2 == 0
      let data = ConvolutionData(budget: isSmall ? 30_000 : 2_000_000, &random)
      let magnitudes = data.magnitudes()
      let expected = data.runWhole(.scalar, guard: .behind)
      if isSmall {
        comparedWithReference += 1
        #expect(isNear(expected, try data.reference(), magnitudes), "scalar, \(number): \(data.window)")
      }
      var first: [Float]?
      for set in TestedSet.all.dropFirst() {
        let found = data.runWhole(set, guard: .behind)
        #expect(isNear(found, expected, magnitudes), "\(set.testDescription), \(number): \(data.window)")
        // The vector sets add in the same order.
        #expect(found.hasSameBits(as: first ?? found), "\(set.testDescription), \(number): \(data.window)")
        first = found
      }
    }
    print("convolution: \(configurationCount) configurations, \(comparedWithReference) against the operator")
  }

  /// Rows of taps whose weights are more than a chunk holds.
  @Test func manyTapsInARow() throws {
    var random = SeededRandom(seed: 15)
    for number in 0..<configurationCount / 6 {
      let data = ConvolutionData(budget: 2_000_000, kind: .longRow, &random)
      let (magnitudes, expected) = (data.magnitudes(), data.runWhole(.scalar, guard: .behind))
      for set in TestedSet.all.dropFirst() {
        let found = data.runWhole(set, guard: .behind)
        #expect(isNear(found, expected, magnitudes), "\(set.testDescription), \(number): \(data.window)")
      }
    }
  }

  @Test(arguments: TestedSet.all) func everySplitGivesTheSameBytes(_ set: TestedSet) {
    var random = SeededRandom(seed: 12)
    for number in 0..<configurationCount {
      let data = ConvolutionData(budget: 300_000, &random)
      let whole = data.runWhole(set, guard: .before)
      let split = data.run(
        set, guard: .behind, blocks: random.pieces(of: Int(data.window.output_blocks)),
        rows: random.pieces(of: Int(data.window.output_rows)))
      #expect(split.hasSameBits(as: whole), "\(number): \(data.window)")
      #expect(!whole.contains { $0.isUntouched }, "\(number): \(data.window)")
    }
  }

  @Test(arguments: TestedSet.all) func onlyTheRangeIsWritten(_ set: TestedSet) {
    var random = SeededRandom(seed: 13)
    for number in 0..<configurationCount {
      let data = ConvolutionData(budget: 100_000, &random)
      let blocks = random.pick(random.pieces(of: Int(data.window.output_blocks)))
      let rows = random.pick(random.pieces(of: Int(data.window.output_rows)))
      let result = data.run(set, guard: .behind, blocks: [blocks], rows: [rows])
      let rowSize = Int(data.window.output_columns) * 16
      let isRight = result.indices.allSatisfy { index in
        let (block, row) = (
          index / rowSize / Int(data.window.output_rows), index / rowSize % Int(data.window.output_rows)
        )
        return result[index].isUntouched != (blocks.contains(Int32(block)) && rows.contains(Int32(row)))
      }
      #expect(isRight, "\(number): \(data.window)")
    }
  }

  /// Whatever the input holds: zero weights do not silence an infinity.
  @Test(arguments: TestedSet.all) func fillingChannelsStayZero(_ set: TestedSet) {
    var random = SeededRandom(seed: 14)
    for _ in 0..<50 {
      let data = ConvolutionData(budget: 30_000, specials: [.infinity, -.infinity, .nan], &random)
      let pixels = Int(data.window.output_rows * data.window.output_columns)
      let result = data.runWhole(set, guard: .behind)
      for index in result.indices where index / (pixels * 16) * 16 + index % 16 >= data.outputChannels {
        #expect(result[index] == 0)
      }
    }
  }

  @Test(arguments: TestedSet.all) func aNaNReachesItsOutputs(_ set: TestedSet) {
    var window = mtlk_window()
    (window.input_rows, window.input_columns, window.input_blocks, window.input_lane) = (1, 9, 1, 1)
    (window.output_rows, window.output_columns, window.output_blocks, window.output_channels) = (1, 9, 1, 1)
    (window.kernel_rows, window.kernel_columns, window.stride_rows, window.stride_columns) = (1, 3, 1, 1)
    (window.dilation_rows, window.dilation_columns, window.padding_left, window.padding_right) = (1, 1, 1, 1)
    var input = [Float](repeating: 1, count: 9)
    input[4] = .nan
    for activation in [MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU] {
      window.activation = Int32(activation)
      var output = [Float](repeating: 0, count: 144)
      unsafe set.kernels.pointee.convolution(
        &window, input, [Float](repeating: 1, count: 48), [Float](repeating: 0, count: 16), nil, &output, 0, 1, 0, 1)
      #expect((0..<9).map { output[$0 * 16].isNaN } == (0..<9).map { (3...5).contains($0) })
    }
  }
}
