import MTLFormats
import MTLNetworks
import TestSupport
import Testing

@testable import MTLTasks

@Suite("Pictures fitted in by their centre, against OpenCV")
struct CenteredWarpTests {
  private func pair(_ value: JSONValue?) throws -> (Int, Int) {
    let numbers = value?.elements?.compactMap { $0.integer } ?? []
    try #require(numbers.count == 2)
    return (Int(numbers[0]), Int(numbers[1]))
  }

  private func prepare(
    _ pixels: [UInt8], _ size: (Int, Int), to target: (Int, Int), _ color: InputDescription.Color,
    orientation: Int = 1
  ) throws -> [Float] {
    let input = InputDescription(
      width: target.0, height: target.1, color: color, mean: [0, 0, 0], standardDeviation: [1, 1, 1], resize: .center)
    var result = [Float](repeating: .nan, count: target.0 * target.1 * 3)
    try unsafe pixels.withUnsafeBytes { memory in
      let view = try unsafe PixelView(
        data: memory.baseAddress, byteCount: UInt64(memory.count), rowStride: Int64(size.0 * 3), width: size.0,
        height: size.1, format: .rgb8, orientation: orientation)
      try unsafe ImagePreparer(input).prepare(view, width: target.0, height: target.1, into: &result)
    }
    return result.map { ($0 * 255).rounded() }
  }

  @Test func sameGreyLevels() throws {
    let expected = try Fixtures.tensor("preparation/warp_pixels.npy").floats()
    var offset = 0
    for facts in try #require(Fixtures.json("preparation/warp_cases.json").elements) {
      let (size, target) = (try pair(facts["size"]), try pair(facts["target"]))
      let seed = try Int(#require(facts["seed"]?.integer))
      let found = try prepare(noise(seed: seed, count: size.0 * size.1 * 3), size, to: target, .rgb)
      let wanted = Array(expected[offset..<offset + found.count])
      #expect(found == wanted, "\(size) to \(target): by at most \(largestDifference(found, wanted))")
      offset += found.count
    }
    #expect(offset == expected.count)
  }

  /// A picture that is the input needs no resampling, and a turned one is turned first.
  @Test func orientationAndOrderOfColours() throws {
    let pixels = noise(seed: 3, count: 8 * 8 * 3)
    let upright = try prepare(pixels, (8, 8), to: (8, 8), .rgb)
    #expect(upright == pixels.map(Float.init))
    let reversed = try prepare(pixels, (8, 8), to: (8, 8), .bgr, orientation: 3)
    #expect(reversed == Array(pixels.reversed()).map(Float.init))
  }
}
