import CMTLKernels
import Glibc
import TestSupport
import Testing

func exponential(_ value: Float) -> Double { exp(Double(value)) }

@Suite("Kernels for 8-bit pixels") struct PixelTests {
  private typealias GuardedBytes = GuardedMemory<UInt8>

  private func bytes(_ count: Int, _ random: inout SeededRandom) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  /// The rounding that the header promises: half up of the exact sum, clipped to a byte.
  private func rounded(_ sum: Int) -> UInt8 {
    UInt8(min(255, max(0, ((Double(sum) / Double(1 << 22)) + 0.5).rounded(.down))))
  }

  @Test func resamplingBothWays() {
    var random = SeededRandom(seed: 61)
    for _ in 0..<configurationCount {
      let (columns, outputs, channels) = (random.integer(1...20), random.integer(1...20), random.integer(1...4))
      let taps = random.integer(1...columns)
      let counts = (0..<outputs).map { _ in random.integer(1...taps) }
      let firsts = counts.map { random.integer(0...columns - $0) }
      let coefficients = (0..<outputs * taps).map { _ in Int32(random.integer(-(1 << 20)...(1 << 22))) }
      for side in [GuardedBytes.Guard.behind, .before] {
        let input = GuardedBytes(bytes(columns * channels, &random), guard: side, fill: 0)
        let output = GuardedBytes(count: outputs * channels, guard: side, fill: 0)
        unsafe mtlk_resample_horizontal(
          input.pointer, output.pointer, Int32(outputs), Int32(channels), firsts.map { Int32($0) },
          counts.map { Int32($0) }, coefficients, Int32(taps))
        let source = input.elements
        for (index, value) in output.elements.enumerated() {
          let (x, channel) = (index / channels, index % channels)
          let sum = (0..<counts[x]).reduce(0) {
            $0 + Int(source[(firsts[x] + $1) * channels + channel]) * Int(coefficients[x * taps + $1])
          }
          // Pillow's sums stay in 32 bits, because coefficients add up to one; these need not.
          if abs(sum) < 1 << 30 { #expect(value == rounded(sum)) }
        }
      }
    }
  }

  @Test func resamplingDown() {
    var random = SeededRandom(seed: 62)
    for _ in 0..<configurationCount {
      let (count, length, gap) = (random.integer(1...7), random.integer(1...70), random.integer(0...3))
      let coefficients = (0..<count).map { _ in Int32(random.integer(-(1 << 19)...(1 << 20))) }
      for side in [GuardedBytes.Guard.behind, .before] {
        let stride = length + gap
        let input = GuardedBytes(bytes(stride * (count - 1) + length, &random), guard: side, fill: 0)
        let output = GuardedBytes(count: length, guard: side, fill: 0)
        unsafe mtlk_resample_vertical(
          input.pointer, Int64(stride), output.pointer, Int64(length), Int32(count), coefficients)
        let source = input.elements
        for (index, value) in output.elements.enumerated() {
          let sum = (0..<count).reduce(0) { $0 + Int(source[$1 * stride + index]) * Int(coefficients[$1]) }
          if abs(sum) < 1 << 30 { #expect(value == rounded(sum)) }
        }
      }
    }
  }

  @Test func halvesAreRoundedUp() {
    var output: [UInt8] = [0]
    for (pixels, expected) in [([0, 1], 1), ([1, 2], 2), ([0, 0], 0), ([255, 255], 255)] as [([UInt8], UInt8)] {
      unsafe mtlk_resample_vertical(pixels, 1, &output, 1, 2, [1 << 21, 1 << 21])
      #expect(output == [expected])
    }
  }

  /// Rows that run backwards, pixels of 3 and 4 bytes in either order, and grey.
  @Test(arguments: [(3, 0, 1, 2), (3, 2, 1, 0), (4, 0, 1, 2), (4, 2, 1, 0), (4, 1, 2, 3), (1, 0, 0, 0)])
  func conversion(_ order: (step: Int, red: Int, green: Int, blue: Int)) {
    var random = SeededRandom(seed: 63)
    for columns in [1, 2, 7, 64] {
      let source = bytes(columns * order.step, &random)
      for isBackwards in [false, true] {
        for outputs in [1, 3] {
          let input = GuardedBytes(source, guard: isBackwards ? .before : .behind, fill: 0)
          let output = GuardedBytes(count: columns * outputs, guard: .behind, fill: 0)
          let start = unsafe input.pointer + (isBackwards ? (columns - 1) * order.step : 0)
          unsafe mtlk_convert_row(
            start, Int64(isBackwards ? -order.step : order.step), Int32(order.red), Int32(order.green),
            Int32(order.blue), output.pointer, Int32(columns), Int32(outputs))
          let found = output.elements
          for x in 0..<columns {
            let pixel = source[(isBackwards ? columns - 1 - x : x) * order.step..<source.count].prefix(order.step)
            let colours = [order.red, order.green, order.blue].map { Int(pixel[pixel.startIndex + $0]) }
            let luma = (colours[0] * 19595 + colours[1] * 38470 + colours[2] * 7471 + 0x8000) >> 16
            let expected = outputs == 1 ? [UInt8(luma)] : colours.map { UInt8($0) }
            #expect(Array(found[x * outputs..<(x + 1) * outputs]) == expected)
          }
        }
      }
    }
  }

  @Test func greyStaysGrey() {
    let levels = (0...255).map { UInt8($0) }
    var output = [UInt8](repeating: 0, count: 256)
    unsafe mtlk_convert_row(levels, 1, 0, 0, 0, &output, 256, 1)
    #expect(output == levels)
  }

  @Test(arguments: 1...4) func normalization(_ channels: Int) {
    var random = SeededRandom(seed: 64)
    let table = GuardedFloats(random.floats(channels * 256), .behind)
    for pixels in [0, 1, 5, 33] {
      let input = GuardedBytes(bytes(pixels * channels, &random), guard: .behind, fill: 0)
      let output = GuardedFloats(untouched: pixels * channels, .behind)
      unsafe mtlk_normalize(input.pointer, output.pointer, Int64(pixels), Int32(channels), table.pointer)
      let expected = input.elements.enumerated().map { table.elements[$0.offset % channels * 256 + Int($0.element)] }
      #expect(output.elements == expected)
    }
  }
}
