import CMTLKernels
import Glibc
import TestSupport
import Testing

/// Layer norm, softmax and L2 normalisation over the channels of each pixel, for split ranges of pixels.
@Suite("Kernels over channels") struct ChannelKernelTests {
  /// A blocked image whose filling channels hold anything finite, and what to do with it.
  private struct Data {
    let channels: Int
    let pixels: Int
    let image: [Float]
    let pieces: [Range<Int32>]
    let isInPlace: Bool

    init(_ random: inout SeededRandom, in range: ClosedRange<Float>) {
      channels = random.integer(1...70)
      pixels = random.integer(1...20)
      let offset = random.pick([Float(0), 0, 100])
      image = random.floats((channels + 15) / 16 * 16 * pixels, in: range).map { $0 + offset }
      pieces = random.pieces(of: pixels)
      isInPlace = random.once(in: 2)
    }

    var story: String { "\(channels) channels, \(pixels) pixels" }

    func check(
      within tolerance: Float,
      _ kernel: (TestedSet, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Range<Int32>) -> Void
    ) {
      checkSets(within: tolerance, story) { set, side in
        let input = GuardedFloats(image, side)
        let output = isInPlace ? input : GuardedFloats(untouched: image.count, side)
        for piece in pieces { unsafe kernel(set, input.pointer, output.pointer, piece) }
        for (index, value) in output.elements.enumerated() where index / (16 * pixels) * 16 + index % 16 >= channels {
          #expect(value == 0, "filling channel, \(story)")
        }
        return output.elements
      }
    }
  }

  @Test func layerNorms() {
    var random = SeededRandom(seed: 71)
    for _ in 0..<configurationCount {
      let data = Data(&random, in: -2...2)
      let (scale, bias) = (random.floats((data.channels + 15) / 16 * 16), random.floats((data.channels + 15) / 16 * 16))
      unsafe data.check(within: data.channels < 4 ? 1e-3 : 3e-5) { set, x, y, pixels in
        let (factors, offsets) = (GuardedFloats(scale, .behind), GuardedFloats(bias, .behind))
        unsafe set.kernels.pointee.layer_norm(
          x, y, Int64(data.pixels), Int64(pixels.lowerBound), Int64(pixels.upperBound), Int32(data.channels),
          factors.pointer, offsets.pointer, 1e-2)
      }
    }
  }

  @Test(arguments: [Int32(0), 1]) func softmaxes(_ isLogarithm: Int32) {
    var random = SeededRandom(seed: 72)
    for _ in 0..<configurationCount {
      let data = Data(&random, in: -30...30)
      unsafe data.check(within: 1e-6) { set, x, y, pixels in
        unsafe set.kernels.pointee.softmax_channels(
          x, y, Int64(data.pixels), Int64(pixels.lowerBound), Int64(pixels.upperBound), Int32(data.channels),
          isLogarithm)
      }
    }
  }

  @Test func l2Norms() {
    var random = SeededRandom(seed: 73)
    for _ in 0..<configurationCount {
      let data = Data(&random, in: -2...2)
      let epsilon = random.pick([Float(0), 1e-12, 3])
      unsafe data.check(within: 1e-6) { set, x, y, pixels in
        unsafe set.kernels.pointee.l2_normalize(
          x, y, Int64(data.pixels), Int64(pixels.lowerBound), Int64(pixels.upperBound), Int32(data.channels), epsilon)
      }
    }
  }

  @Test(arguments: TestedSet.all) func zerosHaveNoDirection(_ set: TestedSet) {
    let (input, output) = (GuardedFloats(untouched: 16, .behind), GuardedFloats(untouched: 16, .behind))
    unsafe input.pointer.update(repeating: 0, count: 16)
    unsafe set.kernels.pointee.l2_normalize(input.pointer, output.pointer, 1, 0, 1, 3, 0)
    #expect(output.elements.prefix(3).allSatisfy { $0.isNaN } && output.elements.dropFirst(3).allSatisfy { $0 == 0 })
  }
}
