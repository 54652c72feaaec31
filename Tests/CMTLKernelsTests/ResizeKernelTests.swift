import CMTLKernels
import TestSupport
import Testing

@Suite("Change of size") struct ResizeKernelTests {
  /// One direction: for each output position its input positions and their weights.
  private struct Axis {
    let input: Int
    let output: Int
    let taps: Int
    let positions: [Int32]
    let weights: [Float]

    init(_ random: inout SeededRandom) {
      (input, output) = (random.integer(1...12), random.integer(1...20))
      taps = random.pick([1, 2, 4])
      positions = (0..<output * taps).map { [input] _ in Int32(random.integer(0...input - 1)) }
      weights = random.floats(output * taps)
    }
  }

  @Test func everySetComputesTheSame() {
    var random = SeededRandom(seed: 81)
    for number in 0..<configurationCount {
      let (vertical, horizontal, blocks) = (Axis(&random), Axis(&random), random.integer(1...3))
      let image = random.floats(blocks * vertical.input * horizontal.input * 16)
      let (blockPieces, rowPieces) = (random.pieces(of: blocks), random.pieces(of: vertical.output))
      checkSets(within: 1e-6, "\(number): \(vertical.taps) x \(horizontal.taps) taps") { set, side in
        let (input, buffer) = (GuardedFloats(image, side), GuardedFloats(untouched: horizontal.input * 16, side))
        let output = GuardedFloats(untouched: blocks * vertical.output * horizontal.output * 16, side)
        let positions = [vertical, horizontal].map { GuardedMemory<Int32>($0.positions, guard: side, fill: 0) }
        let weights = [vertical, horizontal].map { GuardedFloats($0.weights, side) }
        var shape = unsafe mtlk_resize(
          input_rows: Int32(vertical.input), input_columns: Int32(horizontal.input),
          output_rows: Int32(vertical.output), output_columns: Int32(horizontal.output),
          row_taps: Int32(vertical.taps), column_taps: Int32(horizontal.taps), rows: positions[0].pointer,
          columns: positions[1].pointer, row_weights: vertical.taps > 1 ? weights[0].pointer : nil,
          column_weights: horizontal.taps > 1 ? weights[1].pointer : nil)
        for blockPiece in blockPieces {
          for rowPiece in rowPieces {
            unsafe set.kernels.pointee.resize(
              &shape, input.pointer, output.pointer, buffer.pointer, blockPiece.lowerBound, blockPiece.upperBound,
              rowPiece.lowerBound, rowPiece.upperBound)
          }
        }
        return output.elements
      }
    }
  }
}
