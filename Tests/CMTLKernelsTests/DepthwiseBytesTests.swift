import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@Suite("Depthwise convolution of bytes") struct DepthwiseBytesTests {
  /// A random convolution, and what it multiplies in the kernels' order.
  private struct Data {
    let shape: WindowCase
    let window: mtlk_window
    let grids: mtlk_grids
    let input: [UInt8]
    let weights: [Float]
    let multipliers: [Float]
    let bias: [Float]

    init(_ random: inout SeededRandom) {
      shape = WindowCase.convolution(&random)
      var window = shape.kernelWindow(lane: 64, outputs: shape.channels)
      window.activation = random.pick(
        [MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU, MTLK_CLIPPED_RELU].map { Int32($0) })
      window.slope = random.pick([0.25, 1, 0.5, 6])
      self.window = window
      func zeroPoint() -> Int32 { Int32(random.pick([0, 128, 255, random.integer(0...255)])) }
      var grids = mtlk_grids()
      (grids.input_channels, grids.input_zero_point) = (Int32(shape.channels), zeroPoint())
      if random.once(in: 2) {
        grids.output_inverse_scale = random.floats(1, in: 5...100)[0]
        grids.output_zero_point = zeroPoint()
      }
      self.grids = grids
      let isExtreme = random.once(in: 4)
      input = (0..<Int(window.input_blocks) * 64 * shape.rows * shape.columns).map { _ in
        isExtreme ? 255 : UInt8(truncatingIfNeeded: random.next() >> 32)
      }
      let blocks = Int(window.output_blocks)
      let taps = shape.window.kernel.rows * shape.window.kernel.columns
      let extreme = random.pick([-128, 127])
      weights = (0..<blocks * taps * 16).map { _ in Float(isExtreme ? extreme : random.integer(-128...127)) }
      let usual = Float(taps).squareRoot() * 9_000
      multipliers = random.floats(blocks * 16, in: 0...4).map { $0 / usual }
      var bias = random.floats(blocks * 16, in: -3...3)
      // Bytes know no number that is none; the bits of floats that are none differ.
      if grids.output_inverse_scale != 0, random.once(in: 8) { bias[0] = .nan }
      self.bias = bias
    }

    var outputByteCount: Int {
      let pixels = shape.outputRows * shape.outputColumns
      let blocks = Int(window.output_blocks)
      return pixels * (grids.output_inverse_scale == 0 ? blocks * 64 : (blocks + 3) / 4 * 64)
    }

    /// The bytes of an output that was `fill` everywhere.
    func run(
      _ set: TestedSet, _ side: MemoryGuard, blocks: [Range<Int32>], rows: [Range<Int32>], fill: UInt8 = 0xA5
    ) -> [UInt8] {
      let input = GuardedMemory(input, guard: side, fill: 0)
      let (weights, multipliers) = (GuardedFloats(weights, side), GuardedFloats(multipliers, side))
      let bias = GuardedFloats(bias, side)
      let output = GuardedMemory(count: outputByteCount, guard: side, fill: fill)
      var (window, grids) = (window, grids)
      let memory = GuardedFloats(untouched: Int(mtlk_depthwise_memory(&window)), side)
      for block in blocks {
        for row in rows {
          unsafe set.kernels.pointee.depthwise_bytes(
            &window, &grids, input.pointer, weights.pointer, multipliers.pointer, bias.pointer, output.pointer,
            memory.pointer, block.lowerBound, block.upperBound, row.lowerBound, row.upperBound)
        }
      }
      return output.elements
    }
  }

  /// Sums are exact: every set and every split gives the oracle's bytes.
  @Test func everySetComputesTheSame() {
    var random = SeededRandom(seed: 131)
    for number in 0..<configurationCount {
      let data = Data(&random)
      let (blocks, rows) = (0..<data.window.output_blocks, 0..<data.window.output_rows)
      let expected = data.run(.scalar, .behind, blocks: [blocks], rows: [rows])
      let pieces = (
        random.pieces(of: Int(data.window.output_blocks)), random.pieces(of: Int(data.window.output_rows))
      )
      for set in TestedSet.all {
        for side in MemoryGuard.allCases {
          let found = data.run(set, side, blocks: pieces.0, rows: pieces.1)
          #expect(found == expected, "\(number), \(set.testDescription): \(data.window) \(data.grids)")
        }
      }
    }
  }

  /// What lies outside of the range stays as it was.
  @Test(arguments: TestedSet.all) func onlyTheRangeIsWritten(_ set: TestedSet) {
    var random = SeededRandom(seed: 132)
    for number in 0..<configurationCount / 2 {
      let data = Data(&random)
      let blocks = random.pick(random.pieces(of: Int(data.window.output_blocks)))
      let rows = random.pick(random.pieces(of: Int(data.window.output_rows)))
      let found = [UInt8(0x55), 0xAA].map { data.run(set, .behind, blocks: [blocks], rows: [rows], fill: $0) }
      let size = data.grids.output_inverse_scale == 0 ? 4 : 1
      let pixels = data.shape.outputRows * data.shape.outputColumns
      let isRight = found[0].indices.allSatisfy { index in
        let element = index / size
        let lane = size == 4 ? 16 : 64
        let row = element / lane % pixels / data.shape.outputColumns
        let block = size == 4 ? element / (16 * pixels) : element / (64 * pixels) * 4 + element % 64 / 16
        let isInside = blocks.contains(Int32(block)) && rows.contains(Int32(row))
        return isInside ? found[0][index] == found[1][index] : found[0][index] == 0x55 && found[1][index] == 0xAA
      }
      #expect(isRight, "\(number): \(data.window), blocks \(blocks), rows \(rows)")
    }
  }
}
