import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@Suite("Convolution of bytes") struct BytesConvolutionTests {
  private typealias Data = BytesConvolutionData

  /// The same bytes from all. Only what the oracle computes with other functions may be a code or 1e-5 away, and that is
  /// the same for all vector sets.
  private func checkSets(_ data: Data, _ story: String) {
    let expected = data.runWhole(.scalar, guard: .behind)
    #expect(data.runWhole(.scalar, guard: .before) == expected, "scalar, \(story)")
    var vector: [UInt8]?
    for set in TestedSet.allAndTiles.dropFirst() {
      for side in MemoryGuard.allCases {
        let found = data.runWhole(set, guard: side)
        if !data.isApproximate { #expect(found == expected, "\(set.testDescription), \(story)") }
        #expect(found == vector ?? found, "\(set.testDescription), \(story)")
        vector = found
      }
    }
    guard data.isApproximate, let vector else { return }
    var isNear = true
    data.places { block, pixel, lane in
      let one = data.value(expected, block: block, pixel: pixel, lane: lane)
      let other = data.value(vector, block: block, pixel: pixel, lane: lane)
      if !(abs(one - other) <= (data.hasByteOutput ? 1 : 1e-5 * max(1, abs(one)))) { isNear = false }
    }
    #expect(isNear, "\(story)")
  }

  @Test func everySetComputesTheSame() {
    var random = SeededRandom(seed: 111)
    for number in 0..<configurationCount {
      let data = Data(budget: number % 4 == 0 ? 1_000_000 : 60_000, &random)
      checkSets(data, "\(number): \(data.window) \(data.grids)")
    }
    let names = TestedSet.allAndTiles.map(\.testDescription).joined(separator: ", ")
    print("convolution of bytes: \(configurationCount) configurations on \(names)")
  }

  @Test func manyTapsInARow() {
    var random = SeededRandom(seed: 112)
    for number in 0..<configurationCount / 3 {
      let data = Data(budget: 300_000, kind: .longRow, &random)
      checkSets(data, "\(number): \(data.window) \(data.grids)")
    }
  }

  @Test(arguments: TestedSet.allAndTiles) func everySplitGivesTheSameBytes(_ set: TestedSet) {
    var random = SeededRandom(seed: 113)
    for number in 0..<configurationCount {
      let data = Data(budget: 100_000, &random)
      let whole = data.runWhole(set, guard: .before)
      let split = data.run(
        set, guard: .behind, blocks: random.pieces(of: Int(data.window.output_blocks)),
        rows: random.pieces(of: Int(data.window.output_rows)))
      #expect(split == whole, "\(number): \(data.window)")
    }
  }

  /// What is written is the same over two kinds of old contents, and what is not written is old contents.
  @Test(arguments: TestedSet.allAndTiles) func onlyTheRangeIsWritten(_ set: TestedSet) {
    var random = SeededRandom(seed: 114)
    for number in 0..<configurationCount {
      let data = Data(budget: 60_000, &random)
      let blocks = random.pick(random.pieces(of: Int(data.window.output_blocks)))
      let rows = random.pick(random.pieces(of: Int(data.window.output_rows)))
      let found = [0x55, 0xAA].map { data.run(set, guard: .behind, fill: $0, blocks: [blocks], rows: [rows]) }
      var isInside = [Bool](repeating: false, count: found[0].count)
      data.places { block, pixel, lane in
        guard blocks.contains(Int32(block)), rows.contains(Int32(pixel) / data.window.output_columns) else { return }
        if data.hasByteOutput {
          isInside[data.bytePlace(block, pixel, lane)] = true
        } else {
          for byte in 0..<4 { isInside[4 * ((block * data.pixelCount + pixel) * 16 + lane) + byte] = true }
        }
      }
      let isRight = isInside.indices.allSatisfy { index in
        isInside[index] ? found[0][index] == found[1][index] : found[0][index] == 0x55 && found[1][index] == 0xAA
      }
      #expect(isRight, "\(number): \(data.window)")
    }
  }

  @Test(arguments: TestedSet.allAndTiles) func fillingFloatsAreZero(_ set: TestedSet) {
    var random = SeededRandom(seed: 115)
    for _ in 0..<100 {
      let data = Data(budget: 30_000, &random)
      guard !data.hasByteOutput else { continue }
      let result = data.runWhole(set, guard: .behind)
      data.places { block, pixel, lane in
        guard block * 16 + lane >= data.window.output_channels else { return }
        #expect(data.value(result, block: block, pixel: pixel, lane: lane) == 0)
      }
    }
  }

  /// Of pixels of 64 channels the kernels read no more than a part that they are told of, as groups are: what is behind the
  /// last pixel's part is not touched.
  @Test(arguments: TestedSet.all, [4, 8, 16, 32]) func partsOfBlocks(_ set: TestedSet, _ channels: Int) {
    let reach = unsafe Int(set.kernels.pointee.byte_reach)
    guard channels >= reach else { return }
    var random = SeededRandom(seed: 117)
    for number in 0..<100 {
      let data = Data(budget: 60_000, channels: channels, &random)
      let found = data.runWhole(set, guard: .behind, hidden: 64 - channels)
      #expect(found == data.runWhole(set, guard: .behind), "\(number): \(data.window)")
    }
  }

  /// Powers of two as scales leave nothing to round before the end: the operators on the numbers that the bytes stand for
  /// give the same codes.
  @Test func theOracleIsTheOperators() throws {
    var random = SeededRandom(seed: 116)
    for number in 0..<configurationCount {
      let data = Data(budget: 15_000, kind: .exact, &random)
      let expected = try data.reference()
      let found = data.runWhole(.scalar, guard: .behind)
      var isSame = true
      data.places { block, pixel, lane in
        let channel = block * 16 + lane
        guard channel < data.window.output_channels else { return }
        if data.value(found, block: block, pixel: pixel, lane: lane) != expected[channel * data.pixelCount + pixel] {
          isSame = false
        }
      }
      #expect(isSame, "\(number): \(data.window) \(data.grids)")
    }
    print("convolution of bytes: \(configurationCount) configurations against the operators")
  }

  /// The largest sums that 32 bits hold: 1024 channels and 64 taps of 255 times 127.
  @Test(arguments: TestedSet.allAndTiles, [Int8(127), -127]) func largestSums(_ set: TestedSet, _ weight: Int8) {
    var window = mtlk_window()
    (window.input_rows, window.input_columns, window.input_blocks, window.input_lane) = (8, 8, 16, 64)
    (window.output_rows, window.output_columns, window.output_blocks, window.output_channels) = (1, 1, 1, 16)
    (window.kernel_rows, window.kernel_columns, window.stride_rows, window.stride_columns) = (8, 8, 1, 1)
    (window.dilation_rows, window.dilation_columns) = (1, 1)
    var grids = mtlk_grids()
    grids.input_channels = 1024
    var sums = [Int32](repeating: 0, count: Int(unsafe set.kernels.pointee.sum_count(&window, grids.input_channels)))
    var output = [Float](repeating: 0, count: 16)
    unsafe set.kernels.pointee.convolution_bytes(
      &window, &grids, [UInt8](repeating: 255, count: 65536), [Int8](repeating: weight, count: 1 << 20),
      [Float](repeating: 0x1p-8, count: 16), [Float](repeating: 0, count: 16), nil, &output, &sums, 0, 1, 0, 1)
    #expect(output.allSatisfy { $0 == Float(65536 * 255 * Int(weight)) / 256 })
  }

  /// What is no number becomes 0, and infinities the ends.
  @Test(arguments: TestedSet.allAndTiles) func operandsThatAreNoNumbers(_ set: TestedSet) {
    var window = mtlk_window()
    (window.input_rows, window.input_columns, window.input_blocks, window.input_lane) = (1, 3, 1, 64)
    (window.output_rows, window.output_columns, window.output_blocks, window.output_channels) = (1, 3, 1, 16)
    (window.kernel_rows, window.kernel_columns, window.stride_rows, window.stride_columns) = (1, 1, 1, 1)
    (window.dilation_rows, window.dilation_columns) = (1, 1)
    var grids = mtlk_grids()
    (grids.input_channels, grids.output_inverse_scale, grids.output_zero_point) = (1, 1, 100)
    var sums = [Int32](repeating: 0, count: Int(unsafe set.kernels.pointee.sum_count(&window, grids.input_channels)))
    let operand = [Float.nan, .infinity, -.infinity].flatMap { [Float](repeating: $0, count: 16) }
    var output = [UInt8](repeating: 77, count: 192)
    unsafe set.kernels.pointee.convolution_bytes(
      &window, &grids, [UInt8](repeating: 1, count: 192), [Int8](repeating: 1, count: 1024),
      [Float](repeating: 1, count: 16), [Float](repeating: 0, count: 16), operand, &output, &sums, 0, 1, 0, 1)
    let blocks = [UInt8(0), 255, 0].flatMap {
      [UInt8](repeating: $0, count: 16) + [UInt8](repeating: 77, count: 48)
    }
    #expect(output == blocks)
  }
}

extension BytesConvolutionData {
  /// Convolution, activations and FakeQuantize on the numbers that the bytes stand for; codes where the output is bytes.
  fileprivate func reference() throws -> [Float] {
    let (pixels, channels, lane) = (shape.rows * shape.columns, shape.channels, Int(window.input_lane))
    let kernel = shape.window.kernel
    let inputScale: Float = 0x1p-3
    let x = (0..<channels * pixels).map { index in
      let (channel, pixel) = (index / pixels, index % pixels)
      let code = input[(channel / lane * pixels + pixel) * lane + channel % lane]
      return Float(Int32(code) - grids.input_zero_point) * inputScale
    }
    let inputs = channels * kernel.rows * kernel.columns
    let outputs = Int(window.output_channels)
    let weight = plainWeights.indices.map { Float(plainWeights[$0]) * multipliers[$0 / inputs] / inputScale }
    let plainBias = (0..<outputs).map { output in
      let sum = plainWeights[output * inputs..<(output + 1) * inputs].reduce(0) { $0 + Int($1) }
      return bias[output] + Float(sum * Int(grids.input_zero_point)) * multipliers[output]
    }
    let operation = Convolution(
      stride: shape.window.stride, dilation: shape.window.dilation, padding: shape.window.padding)
    let sums = try operation.evaluate([
      Tensor(x, shape: [1, channels, shape.rows, shape.columns]),
      Tensor(weight, shape: [outputs, channels, kernel.rows, kernel.columns]), Tensor(plainBias, shape: [outputs]),
    ])[0].floats()
    let grid =
      hasByteOutput
      ? ByteGrid(scale: 1 / grids.output_inverse_scale, zeroPoint: UInt8(grids.output_zero_point)) : nil
    return sums.indices.map { index in
      let value = finished(sums[index], channel: index / pixelCount, pixel: index % pixelCount)
      return grid.map { grid in
        let code = grid.code(of: value)
        precondition(FakeQuantize(grid: grid).apply(value) == grid.value(of: code))
        return Float(code)
      } ?? value
    }
  }

  private func finished(_ sum: Float, channel: Int, pixel: Int) -> Float {
    let value = activated(sum, window.activation)
    let other: Float
    switch operand {
    case .none: return value
    case .floats(let values): other = values[(channel / 16 * pixelCount + pixel) * 16 + channel % 16]
    case .bytes(let codes):
      let code = Int32(codes[bytePlace(channel / 16, pixel, channel % 16)])
      other = Float(code - grids.operand_zero_point) * grids.operand_scale
    }
    return activated(
      window.operand == MTLK_ADD_OPERAND ? value + other : value * other, window.operand_activation)
  }

  private func activated(_ value: Float, _ activation: Int32) -> Float {
    switch Int(activation) {
    case MTLK_RELU: max(value, 0)
    case MTLK_LEAKY_RELU: value >= 0 ? value : value * window.slope
    case MTLK_CLIPPED_RELU: min(max(value, 0), window.slope)
    default: value
    }
  }
}
