import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@Suite("Pool kernels") struct PoolKernelTests {
  private static let kinds = [MTLK_MAX_POOL, MTLK_AVERAGE_POOL_WITH_PADDING, MTLK_AVERAGE_POOL].map { Int32($0) }

  /// A random pool over blocks without filling channels.
  private struct Data {
    let shape: WindowCase
    let ceil: Bool
    let kind: Int32
    let input: [Float]
    var window: mtlk_window

    init(_ random: inout SeededRandom) {
      var (shape, ceil) = WindowCase.pool(&random)
      shape.channels = 16 * random.integer(1...3)
      self.shape = shape
      self.ceil = ceil
      kind = random.pick(kinds)
      var values = random.floats(shape.channels * shape.rows * shape.columns)
      for special in [Float.nan, .infinity, -.infinity] where random.once(in: 3) {
        values[random.integer(0...values.count - 1)] = special
      }
      input = values
      window = shape.kernelWindow(lane: 16, outputs: shape.channels)
    }

    func run(_ set: TestedSet, guard side: GuardedFloats.Guard, blocks: [Range<Int32>], rows: [Range<Int32>]) -> [Float]
    {
      let input = GuardedFloats(input, side)
      let output = GuardedFloats(untouched: shape.channels * shape.outputRows * shape.outputColumns, side)
      var window = window
      for block in blocks {
        for row in rows {
          unsafe set.kernels.pointee.pool(
            &window, kind, input.pointer, output.pointer, block.lowerBound, block.upperBound, row.lowerBound,
            row.upperBound)
        }
      }
      return output.elements
    }

    /// The operator's result in blocks.
    func reference() throws -> [Float] {
      let operation: any Operator =
        kind == MTLK_MAX_POOL
        ? MaxPool(shape.window, ceil: ceil)
        : AveragePool(shape.window, ceil: ceil, countsPadding: kind == MTLK_AVERAGE_POOL_WITH_PADDING)
      let image = Data.reordered(input, from: shape.rows * shape.columns, inner: 16)
      let x = Tensor(image, shape: [1, shape.channels, shape.rows, shape.columns])
      let result = try operation.evaluate([x])[0].floats()
      return Data.reordered(result, from: 16, inner: shape.outputRows * shape.outputColumns)
    }

    /// Transposes each block of `from` x `inner` elements.
    private static func reordered(_ values: [Float], from outer: Int, inner: Int) -> [Float] {
      values.indices.map { index in
        let (block, place) = (index / (outer * inner), index % (outer * inner))
        return values[block * outer * inner + place % outer * inner + place / outer]
      }
    }
  }

  /// Also where a window covers nothing, which is minus infinity or NaN in channels that are there.
  @Test(arguments: TestedSet.all, kinds) func fillingChannelsAreZero(_ set: TestedSet, _ kind: Int32) {
    var window = mtlk_window()
    (window.input_rows, window.input_columns, window.input_blocks, window.input_lane) = (1, 3, 2, 16)
    (window.output_rows, window.output_columns, window.output_blocks, window.output_channels) = (1, 4, 2, 21)
    (window.kernel_rows, window.kernel_columns, window.stride_rows, window.stride_columns) = (1, 1, 1, 1)
    (window.dilation_rows, window.dilation_columns, window.padding_right) = (1, 1, 1)
    let output = GuardedFloats(untouched: 128, .behind)
    unsafe set.kernels.pointee.pool(
      &window, kind, [Float](repeating: .infinity, count: 96), output.pointer, 0, 2, 0, 1)
    for (index, value) in output.elements.enumerated() {
      let isFilling = index / 64 * 16 + index % 16 >= 21
      if isFilling { #expect(value == 0) } else if index / 16 % 4 < 3 { #expect(value == .infinity) }
    }
  }

  /// Every pool takes the elements in the same order, so that even means agree to the bit.
  @Test func everySetComputesTheSame() throws {
    var random = SeededRandom(seed: 21)
    for number in 0..<configurationCount {
      let data = Data(&random)
      let expected = data.run(
        .scalar, guard: .behind, blocks: [0..<data.window.output_blocks], rows: [0..<data.window.output_rows])
      #expect(!expected.contains { $0.isUntouched })
      if data.shape.channels == 16, data.shape.window.kernel.rows * data.shape.window.kernel.columns < 30 {
        #expect(expected.hasSameBits(as: try data.reference()), "scalar, \(number): \(data.window) kind \(data.kind)")
      }
      for set in TestedSet.all {
        let split = data.run(
          set, guard: .before, blocks: random.pieces(of: Int(data.window.output_blocks)),
          rows: random.pieces(of: Int(data.window.output_rows)))
        #expect(split.hasSameBits(as: expected), "\(set.testDescription), \(number): \(data.window) kind \(data.kind)")
        let whole = data.run(
          set, guard: .behind, blocks: [0..<data.window.output_blocks], rows: [0..<data.window.output_rows])
        #expect(whole.hasSameBits(as: expected), "\(set.testDescription), \(number): \(data.window) kind \(data.kind)")
      }
    }
  }
}
