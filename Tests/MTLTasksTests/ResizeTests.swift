import CMTLKernels
import Dispatch
import MTLFormats
import MTLNetworks
import TestSupport
import Testing

@testable import MTLTasks

/// One picture of Tests/Fixtures/preparation/resize_cases.json.
struct ResizeCase: CustomTestStringConvertible {
  let facts: JSONValue

  private func pair(_ name: String) -> (width: Int, height: Int) {
    let sides = facts[name]?.elements?.compactMap(\.integer).map { Int($0) } ?? []
    return sides.count == 2 ? (sides[0], sides[1]) : (0, 0)
  }

  var size: (width: Int, height: Int) { pair("size") }
  var target: (width: Int, height: Int) { pair("target") }
  var channels: Int { Int(facts["channels"]?.integer ?? 0) }
  var offset: Int { Int(facts["offset"]?.integer ?? -1) }
  var filter: InputDescription.Filter? { InputDescription.Filter(rawValue: facts["filter"]?.string ?? "") }

  var resize: InputDescription.Resize {
    if let fill = facts["fill"]?.integer { return .letterbox(fill: UInt8(fill)) }
    if let side = facts["shorter_side"]?.integer { return .crop(shorterSide: Int(side)) }
    return .stretch
  }

  var testDescription: String { "\(filter.map(\.rawValue) ?? "") \(resize) \(size) to \(target), \(channels)" }

  var pixels: [UInt8] {
    let seed = Int(facts["seed"]?.integer ?? 0)
    let values = noise(seed: seed, count: size.width * size.height * channels)
    return seed % 3 == 0 ? values.map { $0 < 128 ? 0 : 255 } : values
  }

  var expected: [Float] {
    get throws {
      let isFloat = filter == .torchBilinear || filter == .torchBicubic
      let all = try #require(isFloat ? ResizeTests.floats : ResizeTests.levels)
      return Array(all[offset..<offset + target.width * target.height * channels])
    }
  }

  /// Grey levels, which need not be whole.
  func prepare(instructionSet: Int32) throws -> [Float] {
    let input = picturesAsTheyAre(target, channels, resize, try #require(filter))
    return try prepared(ImagePreparer(input, instructionSet: instructionSet), pixels, size, target, channels)
  }

  static let all = (try? Fixtures.json("preparation/resize_cases.json").elements?.map(ResizeCase.init)) ?? []
}

/// An input whose values are grey levels.
func picturesAsTheyAre(
  _ size: (width: Int, height: Int), _ channels: Int, _ resize: InputDescription.Resize,
  _ filter: InputDescription.Filter
) -> InputDescription {
  InputDescription(
    width: size.width, height: size.height, color: channels == 1 ? .gray : .rgb, range: [0, 255],
    mean: [Double](repeating: 0, count: channels), standardDeviation: [Double](repeating: 1, count: channels),
    resize: resize, filter: filter)
}

/// What a preparer writes, into memory that held NaN.
func prepared(
  _ preparer: ImagePreparer, _ pixels: [UInt8], _ size: (width: Int, height: Int), _ target: (width: Int, height: Int),
  _ channels: Int, orientation: Int = 1, on threads: (any PreparationThreads)? = nil
) throws -> [Float] {
  var result = [Float](repeating: .nan, count: target.width * target.height * channels)
  try unsafe pixels.withUnsafeBytes { memory in
    let view = try unsafe PixelView(
      data: memory.baseAddress, byteCount: UInt64(memory.count), rowStride: Int64(size.width * channels),
      width: size.width, height: size.height, format: channels == 1 ? .gray8 : .rgb8, orientation: orientation)
    try unsafe preparer.prepare(view, width: target.width, height: target.height, into: &result, on: threads)
  }
  return result
}

/// As many threads as the system gives.
private final class TestThreads: PreparationThreads {
  let width: Int
  init(width: Int) { self.width = width }

  func run(_ preparer: ImagePreparer, count: Int) {
    nonisolated(unsafe) let preparer = preparer
    DispatchQueue.concurrentPerform(iterations: count) { unsafe preparer.run(piece: $0) }
  }
}

@Suite("Resized pictures, against Pillow, OpenCV, torchvision and PyTorch")
struct ResizeTests {
  static let levels = try? Fixtures.tensor("preparation/resize_pixels.npy").floats()
  static let floats = try? Fixtures.tensor("preparation/resize_floats.npy").floats()

  @Test func fixturesAreThere() {
    #expect(ResizeCase.all.count == 258)
    #expect(Set(ResizeCase.all.compactMap(\.filter)).count == InputDescription.Filter.allCases.count)
  }

  /// Grey levels are the same, but for cubics of OpenCV: a value half-way between two levels may be rounded to the other
  /// one, and a nearly whole one be cut to the next, also to that on the other side of the wrap. PyTorch's floats are the
  /// same to a thousandth of a level.
  @Test(arguments: ResizeCase.all)
  func sameAsTheLibraries(_ item: ResizeCase) throws {
    let expected = try item.expected
    for set in Int32(MTLK_SCALAR)...mtlk_best_isa() {
      let found = try item.prepare(instructionSet: set)
      switch item.filter {
      case .torchBilinear, .torchBicubic:
        #expect(largestDifference(found, expected) < 1e-3)
      case .openCVCubic, .openCVCubicWrapped:
        let differences = zip(found, expected).map { abs($0 - $1).rounded() }.filter { $0 > 0 }
        #expect(differences.allSatisfy { $0 == 1 || ($0 == 255 && item.filter == .openCVCubicWrapped) })
        #expect(differences.count <= max(1, found.count / 500))
      default:
        #expect(largestDifference(found, expected) < 1e-3, "of 255 grey levels, on set \(set)")
      }
    }
  }

  /// A picture on its side, mirrored or both is the picture that it shows.
  @Test(arguments: 1...8) func orientations(_ orientation: Int) throws {
    let (size, target) = ((width: 50, height: 37), (width: 21, height: 24))
    let pixels = noise(seed: orientation, count: size.width * size.height * 3)
    let view = try unsafe pixels.withUnsafeBytes { memory in
      let view = try unsafe PixelView(
        data: memory.baseAddress, byteCount: UInt64(memory.count), rowStride: 150, width: 50, height: 37, format: .rgb8,
        orientation: orientation)
      return (view.rgb(), view.size)
    }
    for filter in [InputDescription.Filter.bilinear, .openCVLinear, .nearest] {
      let preparer = ImagePreparer(picturesAsTheyAre(target, 3, .crop(shorterSide: 25), filter))
      let found = try prepared(preparer, pixels, size, target, 3, orientation: orientation)
      let expected = try prepared(preparer, view.0, view.1, target, 3)
      #expect(found == expected)
    }
  }

  /// What is written does not depend on how many threads there are, nor on which of them takes what.
  @Test(arguments: InputDescription.Filter.allCases)
  func threadsChangeNothing(_ filter: InputDescription.Filter) throws {
    let (size, target) = ((width: 403, height: 311), (width: 130, height: 77))
    let pixels = noise(seed: 5, count: size.width * size.height * 3)
    for resize in [InputDescription.Resize.stretch, .center, .letterbox(fill: 7), .crop(shorterSide: 90)] {
      let input = picturesAsTheyAre(target, 3, resize, filter)
      let expected = try prepared(ImagePreparer(input), pixels, size, target, 3)
      #expect(!expected.contains { $0.isNaN })
      for count in [2, 3, 8] {
        let preparer = ImagePreparer(input)
        for _ in 0..<2 {
          let found = try prepared(preparer, pixels, size, target, 3, on: TestThreads(width: count))
          #expect(found == expected)
        }
      }
    }
  }

  /// Sides of one pixel, the widest pictures there may be, and inputs that a picture nearly vanishes in.
  @Test(arguments: InputDescription.Filter.allCases)
  func extremeSizes(_ filter: InputDescription.Filter) throws {
    let widest = PixelView.maximumSide
    for (size, target) in [
      ((1, 1), (1, 1)), ((1, 1), (33, 17)), ((widest, 1), (16, 16)), ((1, widest), (16, 9)), ((widest, 2), (1, 1)),
      ((2, 3), (700, 1)),
    ] as [((width: Int, height: Int), (width: Int, height: Int))] {
      let pixels = [UInt8](repeating: 200, count: size.width * size.height * 3)
      for resize in [
        InputDescription.Resize.stretch, .center, .letterbox(fill: 200), .crop(shorterSide: 1), .crop(shorterSide: 300),
      ] {
        let input = picturesAsTheyAre(target, 3, resize, filter)
        let found = try prepared(ImagePreparer(input), pixels, size, target, 3)
        let isInside = found.allSatisfy { $0 >= 0 && $0 < 200.01 }
        #expect(isInside, "\(resize) \(size) to \(target)")
        // A letterbox always shows at least a pixel; a whole one of one level stays it.
        if resize == .letterbox(fill: 200) {
          let nearest = filter == .openCVCubicWrapped ? 198.9 : 199.9
          #expect(found.allSatisfy { Double($0) > nearest }, "\(size) to \(target)")
        }
      }
    }
  }
}
