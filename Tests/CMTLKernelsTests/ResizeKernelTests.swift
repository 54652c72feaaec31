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

  /// A random change of size, and what a set makes of it in memory of its own.
  private struct Case {
    let vertical: Axis
    let horizontal: Axis
    let channels: Int
    let image: [Float]

    init(_ random: inout SeededRandom) {
      (vertical, horizontal, channels) = (Axis(&random), Axis(&random), random.integer(1...48))
      image = random.floats((channels + 15) / 16 * vertical.input * horizontal.input * 16)
    }

    var blocks: Int { (channels + 15) / 16 }
    var pixels: Int { vertical.output * horizontal.output }

    func run(
      _ set: TestedSet, _ side: MemoryGuard, toPlanes: Bool, blocks pieces: [Range<Int32>], rows: [Range<Int32>]
    ) -> [Float] {
      let input = GuardedFloats(image, side)
      let output = GuardedFloats(untouched: (toPlanes ? channels : blocks * 16) * pixels, side)
      let positions = [vertical, horizontal].map { GuardedMemory<Int32>($0.positions, guard: side, fill: 0) }
      let weights = [vertical, horizontal].map { GuardedFloats($0.weights, side) }
      var shape = unsafe mtlk_resize(
        input_rows: Int32(vertical.input), input_columns: Int32(horizontal.input),
        output_rows: Int32(vertical.output), output_columns: Int32(horizontal.output),
        row_taps: Int32(vertical.taps), column_taps: Int32(horizontal.taps), rows: positions[0].pointer,
        columns: positions[1].pointer, row_weights: vertical.taps > 1 ? weights[0].pointer : nil,
        column_weights: horizontal.taps > 1 ? weights[1].pointer : nil)
      let room = unsafe toPlanes ? Int(mtlk_plane_memory(&shape)) : horizontal.input * 16
      let memory = GuardedFloats(untouched: room, side)
      for block in pieces {
        for row in rows {
          if toPlanes {
            unsafe set.kernels.pointee.resize_to_planes(
              &shape, input.pointer, output.pointer, memory.pointer, Int32(channels), block.lowerBound,
              block.upperBound, row.lowerBound, row.upperBound)
          } else {
            unsafe set.kernels.pointee.resize(
              &shape, input.pointer, output.pointer, memory.pointer, block.lowerBound, block.upperBound,
              row.lowerBound, row.upperBound)
          }
        }
      }
      return output.elements
    }
  }

  @Test(arguments: [false, true]) func everySetComputesTheSame(toPlanes: Bool) {
    var random = SeededRandom(seed: 81)
    for number in 0..<configurationCount {
      let change = Case(&random)
      let pieces = (random.pieces(of: change.blocks), random.pieces(of: change.vertical.output))
      checkSets(within: 1e-6, "\(number): \(change.vertical.taps) x \(change.horizontal.taps) taps") { set, side in
        change.run(set, side, toPlanes: toPlanes, blocks: pieces.0, rows: pieces.1)
      }
    }
  }

  /// Both layouts hold the same numbers but for the order of rounding, and every split gives the same planes.
  @Test(arguments: TestedSet.all) func planesAreTheChannelsOfBlocks(_ set: TestedSet) {
    var random = SeededRandom(seed: 82)
    for number in 0..<configurationCount {
      let change = Case(&random)
      let whole = (0..<Int32(change.blocks), 0..<Int32(change.vertical.output))
      let blocks = change.run(set, .behind, toPlanes: false, blocks: [whole.0], rows: [whole.1])
      let planes = change.run(set, .behind, toPlanes: true, blocks: [whole.0], rows: [whole.1])
      let isNear = planes.indices.allSatisfy { index in
        let (channel, pixel) = index.quotientAndRemainder(dividingBy: change.pixels)
        return abs(planes[index] - blocks[(channel / 16 * change.pixels + pixel) * 16 + channel % 16]) < 1e-5
      }
      #expect(isNear, "\(number)")
      let split = change.run(
        set, .before, toPlanes: true, blocks: random.pieces(of: change.blocks),
        rows: random.pieces(of: change.vertical.output))
      #expect(split == planes, "\(number)")
    }
  }
}
