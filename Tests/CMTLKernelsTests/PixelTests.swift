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

  /// Pixels of any step, listed or one behind the other, in rows that end where memory does.
  @Test func strips() {
    var random = SeededRandom(seed: 61)
    for _ in 0..<configurationCount {
      let (size, columns, channels) = (
        [1, 3, 4][random.integer(0...2)], random.integer(1...40), [1, 3][random.integer(0...1)]
      )
      let (isBackwards, isUpright) = (random.integer(0...1) == 1, random.integer(0...3) > 0)
      let count = random.integer(1...columns)
      let first = random.integer(0...columns - count)
      let places = random.integer(0...2) == 0 ? (0..<count).map { Int32(first + $0) }.filter { $0 % 2 == 0 } : []
      let offsets = size == 1 ? [0, 0, 0] : [[0, 1, 2], [2, 1, 0]][random.integer(0...1)]
      let distance = isUpright ? size : size * 16
      for side in [GuardedBytes.Guard.behind, .before] {
        let input = GuardedBytes(bytes(columns * 16 * size, &random), guard: side, fill: 0)
        var rows = unsafe (0..<16).map { row -> UnsafePointer<UInt8>? in
          let start = isUpright ? row * columns * size : row * size
          return unsafe UnsafePointer(input.pointer) + start + (isBackwards ? (columns - 1) * distance : 0)
        }
        let step = isBackwards ? -distance : distance
        let taken = places.isEmpty ? (first..<first + count).map { $0 } : places.map { Int($0) }
        let source = input.elements
        let expected = taken.flatMap { column in
          (0..<channels).flatMap { channel in
            (0..<16).map { row in
              let place = isBackwards ? columns - 1 - column : column
              let pixel = isUpright ? (row * columns + place) * size : (place * 16 + row) * size
              let colours = offsets.map { Int(source[pixel + $0]) }
              guard channels == 1, size > 1 else { return UInt8(colours[channel]) }
              return UInt8((colours[0] * 19595 + colours[1] * 38470 + colours[2] * 7471 + 0x8000) >> 16)
            }
          }
        }
        for set in TestedSet.all {
          let output = GuardedBytes(count: taken.count * (size > 1 ? 3 : channels) * 16, guard: side, fill: 0)
          unsafe set.kernels.pointee.pixel_strip(
            &rows, Int64(step), Int32(size), places.isEmpty ? nil : places, Int32(first), Int32(taken.count),
            Int32(offsets[0]), Int32(offsets[1]), Int32(offsets[2]), Int32(channels), output.pointer)
          #expect(Array(output.elements[..<expected.count]) == expected, "\(set.testDescription)")
        }
      }
    }
  }

  /// Whole weights that add up to about one, some negative, and where each sum begins.
  private struct Sums {
    let first: [Int32]
    let lengths: [Int32]
    let places: Int
    let weights: [Int32]

    init(_ outputs: Int, of inputs: Int, _ random: inout SeededRandom) {
      let places = random.integer(1...inputs)
      lengths = (0..<outputs).map { _ in Int32(random.integer(1...places)) }
      first = lengths.map { Int32(random.integer(0...inputs - Int($0))) }
      weights = (0..<outputs * places).map { _ in
        Int32(random.integer(-(1 << 22) / places...(3 << 22) / (2 * places)))
      }
      self.places = places
    }

    var floats: [Float] { weights.map { Float($0) / Float(1 << 22) } }

    func with(_ body: (UnsafePointer<mtlk_taps>) -> Void) {
      unsafe first.withUnsafeBufferPointer { first in
        unsafe lengths.withUnsafeBufferPointer { lengths in
          var taps = unsafe mtlk_taps(
            first: first.baseAddress, lengths: lengths.baseAddress, count: Int32(first.count), places: Int32(places))
          unsafe body(&taps)
        }
      }
    }
  }

  /// The rounding that the header promises: half up of the exact sum, clipped to a byte.
  private func rounded(_ sum: Int) -> UInt8 {
    UInt8(min(255, max(0, ((Double(sum) / Double(1 << 22)) + 0.5).rounded(.down))))
  }

  @Test func columnsOfAStrip() {
    var random = SeededRandom(seed: 65)
    for _ in 0..<configurationCount {
      let (columns, outputs, channels) = (random.integer(1...20), random.integer(1...20), random.integer(1...4))
      let (rows, gap) = (random.integer(1...16), random.integer(0...3))
      let sums = Sums(outputs, of: columns, &random)
      let stride = outputs * channels + gap
      for side in [GuardedBytes.Guard.behind, .before] {
        let strip = GuardedBytes(bytes(columns * channels * 16, &random), guard: side, fill: 0)
        let size = stride * (rows - 1) + outputs * channels
        let source = strip.elements
        var floats: [Float]?
        for set in TestedSet.all {
          let output = GuardedBytes(count: size, guard: side, fill: 0)
          let exact = GuardedFloats(count: size, guard: side, fill: 0)
          unsafe sums.with { taps in
            unsafe set.kernels.pointee.resample_columns(
              strip.pointer, taps, sums.weights, Int32(channels), output.pointer, Int64(stride), Int32(rows))
            unsafe set.kernels.pointee.resample_columns_float(
              strip.pointer, taps, sums.floats, Int32(channels), exact.pointer, Int64(stride), Int32(rows))
          }
          for (index, value) in output.elements.enumerated() where index % stride < outputs * channels {
            let (row, x, channel) = (index / stride, index % stride / channels, index % stride % channels)
            let sum = (0..<Int(sums.lengths[x])).reduce(0) {
              $0 + Int(source[((Int(sums.first[x]) + $1) * channels + channel) * 16 + row])
                * Int(sums.weights[x * sums.places + $1])
            }
            #expect(value == rounded(sum), "\(set.testDescription)")
            #expect(abs(exact.elements[index] - Float(sum) / Float(1 << 22)) < 1e-3)
          }
          #expect(exact.elements.hasSameBits(as: floats ?? exact.elements), "\(set.testDescription)")
          floats = exact.elements
        }
      }
    }
  }

  @Test func rowsOfLines() {
    var random = SeededRandom(seed: 62)
    for _ in 0..<configurationCount {
      let (count, length, gap) = (random.integer(1...7), random.integer(1...70), random.integer(0...3))
      let sums = Sums(1, of: count, &random)
      let lines = Int(sums.lengths[0])
      for side in [GuardedBytes.Guard.behind, .before] {
        let stride = length + gap
        let input = GuardedBytes(bytes(stride * (lines - 1) + length, &random), guard: side, fill: 0)
        let source = input.elements
        let floats = GuardedFloats(source.map { Float($0) }, side)
        var exact: [Float]?
        for set in TestedSet.all {
          let output = GuardedBytes(count: length, guard: side, fill: 0)
          let result = GuardedFloats(untouched: length, side)
          unsafe set.kernels.pointee.resample_rows(
            input.pointer, Int64(stride), Int32(lines), sums.weights, output.pointer, Int64(length))
          unsafe set.kernels.pointee.resample_rows_float(
            floats.pointer, Int64(stride), Int32(lines), sums.floats, result.pointer, Int64(length))
          for (index, value) in output.elements.enumerated() {
            let sum = (0..<lines).reduce(0) { $0 + Int(source[$1 * stride + index]) * Int(sums.weights[$1]) }
            #expect(value == rounded(sum), "\(set.testDescription)")
            #expect(abs(result.elements[index] - Float(sum) / Float(1 << 22)) < 1e-3)
          }
          #expect(result.elements.hasSameBits(as: exact ?? result.elements), "\(set.testDescription)")
          exact = result.elements
        }
      }
    }
  }

  /// OpenCV's two ways of mixing rows of whole numbers.
  @Test func twoRows() {
    var random = SeededRandom(seed: 66)
    for _ in 0..<configurationCount {
      let length = random.integer(1...50)
      let isLinear = random.integer(0...1) == 1
      let (shifts, one) =
        isLinear
        ? (mtlk_blend(sums: 4, products: 16, result: 2), 2048) : (mtlk_blend(sums: 0, products: 0, result: 10), 32)
      let share = Int32(random.integer(0...one))
      let weights = [Int32(one) - share, share]
      let rows = (0..<2).map { _ in (0..<length).map { _ in Float(random.integer(0...255 * one)) } }
      let expected = (0..<length).map { index -> UInt8 in
        let parts = (0..<2).map {
          ((Int(rows[$0][index]) >> Int(shifts.sums)) * Int(weights[$0])) >> Int(shifts.products)
        }
        return UInt8((parts[0] + parts[1] + (1 << (Int(shifts.result) - 1))) >> Int(shifts.result))
      }
      for set in TestedSet.all {
        for side in [GuardedBytes.Guard.behind, .before] {
          let (upper, lower) = (GuardedFloats(rows[0], side), GuardedFloats(rows[1], side))
          let output = GuardedBytes(count: length, guard: side, fill: 0)
          unsafe set.kernels.pointee.blend_rows(
            upper.pointer, lower.pointer, weights, shifts, output.pointer, Int64(length))
          #expect(output.elements == expected, "\(set.testDescription)")
        }
      }
    }
  }

  /// Halves to even and no overflow; or fractions dropped, and what is no byte wrapped around.
  @Test func levelsOfFloats() {
    let values: [Float] = [
      0.5, 1.5, 2.5, -0.5, -3, 254.5, 255.5, 300, 7.49, 7.51, 0, 255, 256, -1, -0.99, 511.9, 100, 3,
    ]
    let nearest: [UInt8] = [0, 2, 2, 0, 0, 254, 255, 255, 7, 8, 0, 255, 255, 0, 0, 255, 100, 3]
    let wrapped: [UInt8] = [0, 1, 2, 0, 253, 254, 255, 44, 7, 7, 0, 255, 0, 255, 0, 255, 100, 3]
    for set in TestedSet.all {
      for (wraps, expected) in [(Int32(0), nearest), (1, wrapped)] {
        let input = GuardedFloats(values.map { $0 * 4 }, .behind)
        let output = GuardedBytes(count: values.count, guard: .behind, fill: 9)
        unsafe set.kernels.pointee.grey_levels(input.pointer, output.pointer, Int64(values.count), 0.25, wraps)
        #expect(output.elements == expected, "\(set.testDescription)")
      }
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

  /// Whole grey levels give the bits that the table's do.
  @Test func normalizationOfFloats() {
    let (means, deviations): ([Float], [Float]) = ([0.485, 0.1, -1], [0.229, 2, 0.5])
    let input = GuardedFloats((0..<255).map { Float($0) }, .behind)
    let output = GuardedFloats(untouched: 255, .behind)
    unsafe mtlk_normalize_floats(input.pointer, output.pointer, 85, 3, -1, 1, means, deviations)
    let expected = (0..<255).map { level -> Float in
      let ranged = Float(level) / 255 * 2 + -1
      return (ranged - means[level % 3]) / deviations[level % 3]
    }
    #expect(output.elements == expected)
  }
}
