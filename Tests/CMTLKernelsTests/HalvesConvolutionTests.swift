import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@Suite("Convolution of halves") struct HalvesConvolutionTests {
  private typealias Data = HalvesConvolutionData

  /// Sums in another order are 16 units in the last place of the sum of the addends' absolute values apart, functions that
  /// the vector sets approximate 1e-5, and halves may be rounded to the other neighbour besides.
  private func isNear(_ one: [Float], _ other: [Float], _ magnitudes: [Float], _ data: Data) -> Bool {
    var isNear = true
    data.places { block, pixel, lane in
      let place = data.place(block, pixel, lane)
      guard block * 16 + lane < data.window.output_channels else {
        if one[place] != 0 || other[place] != 0 { isNear = false }
        return
      }
      let (a, b) = (one[place], other[place])
      var tolerance = 16 * 0x1p-24 * magnitudes[(block * data.pixelCount + pixel) * 16 + lane]
      if data.window.row_activation != MTLK_NO_ACTIVATION { tolerance += 1e-5 * max(1, abs(a)) }
      if data.hasHalfOutput { tolerance += 0x1p-7 * max(abs(a), abs(b)) }
      if !(abs(a - b) <= tolerance) { isNear = false }
    }
    return isNear
  }

  private func checkSets(_ data: Data, _ story: String) {
    let magnitudes = data.magnitudes()
    let expected = data.runWhole(.scalar, guard: .behind)
    #expect(data.runWhole(.scalar, guard: .before) == expected, "scalar, \(story)")
    for set in TestedSet.allAndTiles.dropFirst() {
      let found = data.runWhole(set, guard: .behind)
      #expect(data.runWhole(set, guard: .before) == found, "\(set.testDescription), \(story)")
      #expect(isNear(expected, found, magnitudes, data), "\(set.testDescription), \(story)")
    }
  }

  @Test func everySetComputesTheSame() {
    var random = SeededRandom(seed: 141)
    for number in 0..<configurationCount {
      let data = Data(budget: number % 4 == 0 ? 1_000_000 : 60_000, &random)
      checkSets(data, "\(number): \(data.window) \(data.forms)")
    }
    let names = TestedSet.allAndTiles.map(\.testDescription).joined(separator: ", ")
    print("convolution of halves: \(configurationCount) configurations on \(names)")
  }

  @Test func manyTapsInARow() {
    var random = SeededRandom(seed: 142)
    for number in 0..<configurationCount / 3 {
      let data = Data(budget: 300_000, kind: .longRow, &random)
      checkSets(data, "\(number): \(data.window) \(data.forms)")
    }
  }

  @Test(arguments: TestedSet.allAndTiles) func everySplitGivesTheSameBits(_ set: TestedSet) {
    var random = SeededRandom(seed: 143)
    for number in 0..<configurationCount {
      let data = Data(budget: 100_000, &random)
      let whole = data.runWhole(set, guard: .before)
      let split = data.run(
        set, guard: .behind, blocks: random.pieces(of: Int(data.window.output_blocks)),
        rows: random.pieces(of: Int(data.window.output_rows)))
      #expect(split.hasSameBits(as: whole), "\(number): \(data.window)")
    }
  }

  /// The range that ends with the last block writes what fills it up as well.
  @Test(arguments: TestedSet.allAndTiles) func onlyTheRangeIsWritten(_ set: TestedSet) {
    var random = SeededRandom(seed: 144)
    for number in 0..<configurationCount {
      let data = Data(budget: 60_000, &random)
      let blocks = random.pick(random.pieces(of: Int(data.window.output_blocks)))
      let rows = random.pick(random.pieces(of: Int(data.window.output_rows)))
      let found = data.run(set, guard: .behind, blocks: [blocks], rows: [rows])
      let isLast = !blocks.isEmpty && blocks.upperBound == data.window.output_blocks
      var isRight = true
      data.places { block, pixel, lane in
        let isFilling = block == data.window.output_blocks
        let isInside =
          (isFilling ? isLast : blocks.contains(Int32(block)))
          && rows.contains(Int32(pixel) / data.window.output_columns)
        if found[data.place(block, pixel, lane)].isUntouched == isInside { isRight = false }
      }
      #expect(isRight, "\(number): \(data.window)")
    }
  }

  /// Whatever the input holds: zero weights do not silence an infinity.
  @Test(arguments: TestedSet.allAndTiles) func fillingChannelsStayZero(_ set: TestedSet) {
    var random = SeededRandom(seed: 145)
    for _ in 0..<100 {
      let data = Data(budget: 30_000, specials: [.infinity, -.infinity, .nan], &random)
      let result = data.runWhole(set, guard: .behind)
      data.places { block, pixel, lane in
        guard block * 16 + lane >= data.window.output_channels else { return }
        #expect(result[data.place(block, pixel, lane)].bitPattern == 0)
      }
    }
  }

  @Test(arguments: TestedSet.allAndTiles) func aNaNReachesItsOutputs(_ set: TestedSet) {
    var window = mtlk_window()
    (window.input_rows, window.input_columns, window.input_blocks, window.input_lane) = (2, 9, 1, 32)
    (window.output_rows, window.output_columns, window.output_blocks, window.output_channels) = (2, 9, 1, 16)
    (window.kernel_rows, window.kernel_columns, window.stride_rows, window.stride_columns) = (1, 3, 1, 1)
    (window.dilation_rows, window.dilation_columns, window.padding_left, window.padding_right) = (1, 1, 1, 1)
    var forms = mtlk_halves(input_channels: 32, operand_is_half: 0, output_is_half: 1)
    var input = [UInt16](repeating: Halves.nearest(1), count: 18 * 32)
    input[4 * 32] = Halves.nearest(.nan)
    for activation in [MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU] {
      window.activation = Int32(activation)
      var output = [UInt16](repeating: 0, count: 18 * 32)
      var sums = [Float](
        repeating: 0, count: Int(unsafe set.kernels.pointee.half_sum_count(&window, forms.input_channels)))
      unsafe set.kernels.pointee.convolution_halves(
        &window, &forms, input, [UInt16](repeating: Halves.nearest(1), count: 3 * 512),
        [Float](repeating: 0, count: 16), nil, &output, &sums, 0, 1, 0, 2)
      #expect((0..<18).map { Halves.value(output[$0 * 32]).isNaN } == (0..<18).map { (3...5).contains($0) })
    }
  }

  /// What the operator computes in floats.
  @Test func theOracleIsTheOperator() throws {
    var random = SeededRandom(seed: 146)
    for number in 0..<configurationCount {
      let data = Data(budget: 15_000, kind: .plain, &random)
      let (shape, kernel) = (data.shape, data.shape.window.kernel)
      let pixels = shape.rows * shape.columns
      let x = (0..<shape.channels * pixels).map { index in
        let (channel, pixel) = (index / pixels, index % pixels)
        return Halves.value(data.input[(channel / 32 * pixels + pixel) * 32 + channel % 32])
      }
      let outputs = Int(data.window.output_channels)
      let operation = Convolution(
        stride: shape.window.stride, dilation: shape.window.dilation, padding: shape.window.padding)
      let expected = try operation.evaluate([
        Tensor(x, shape: [1, shape.channels, shape.rows, shape.columns]),
        Tensor(data.plainWeights, shape: [outputs, shape.channels, kernel.rows, kernel.columns]),
        Tensor(Array(data.bias.prefix(outputs)), shape: [outputs]),
      ])[0].floats()
      var ordered = [Float](repeating: 0, count: Int(data.window.output_blocks) * 16 * data.pixelCount)
      data.places { block, pixel, lane in
        let channel = block * 16 + lane
        if channel < outputs { ordered[data.place(block, pixel, lane)] = expected[channel * data.pixelCount + pixel] }
      }
      let found = data.runWhole(.scalar, guard: .behind)
      #expect(isNear(ordered, found, data.magnitudes(), data), "\(number): \(data.window)")
    }
  }
}
