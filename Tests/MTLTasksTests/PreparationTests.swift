import MTLFormats
import MTLGraph
import MTLNetworks
import TestSupport
import Testing

@testable import MTLTasks

/// One picture of Tests/Fixtures/preparation/cases.json.
struct PreparationCase: CustomTestStringConvertible {
  let facts: JSONValue

  private func integers(_ name: String) -> [Int] { facts[name]?.elements?.compactMap(\.integer).map { Int($0) } ?? [] }
  private func integer(_ name: String) -> Int { Int(facts[name]?.integer ?? -1) }
  private func numbers(_ name: String) -> [Double] { facts[name]?.elements?.compactMap(\.number) ?? [] }

  var size: [Int] { integers("size") }
  var target: [Int] { integers("target") }
  var offset: Int { integer("offset") }
  var color: InputDescription.Color? { InputDescription.Color(rawValue: facts["color"]?.string ?? "") }
  var format: PixelFormat? { PixelFormat.allCases.first { $0.name == facts["format"]?.string } }

  var testDescription: String {
    "\(size) \(facts["format"]?.string ?? "") as \(integer("orientation")) to \(target) \(facts["color"]?.string ?? "")"
  }

  /// `mean` and `deviation` are the picture's own where they are left out.
  func input(mean: Double? = nil, deviation: Double? = nil) throws -> InputDescription {
    let color = try #require(color)
    let count = color.channelCount
    return InputDescription(
      width: target[0], height: target[1], color: color,
      mean: mean.map { [Double](repeating: $0, count: count) } ?? numbers("mean"),
      standardDeviation: deviation.map { [Double](repeating: $0, count: count) } ?? numbers("std"))
  }

  /// What the preparer writes, into memory that held NaN.
  func prepare(with preparer: ImagePreparer) throws -> [Float] {
    let format = try #require(format)
    let (stride, region) = (integer("row_stride"), integers("region"))
    // Nothing lies behind the last pixel.
    let pixels = noise(seed: integer("seed"), count: stride * (size[1] - 1) + size[0] * format.bytesPerPixel)
    var result = [Float](repeating: .nan, count: target[0] * target[1] * (try #require(color)).channelCount)
    try unsafe pixels.withUnsafeBytes { memory in
      let view = try unsafe PixelView(
        data: memory.baseAddress, byteCount: UInt64(memory.count), rowStride: Int64(stride), width: size[0],
        height: size[1], format: format, orientation: integer("orientation"),
        region: .init(x: region[0], y: region[1], width: region[2], height: region[3]))
      try unsafe result.withUnsafeMutableBufferPointer {
        try unsafe preparer.prepare(view, width: target[0], height: target[1], into: try #require($0.baseAddress))
      }
    }
    return result
  }

  /// Empty when the file cannot be read; a test counts them.
  static let all = (try? Fixtures.json("preparation/cases.json").elements?.map(PreparationCase.init)) ?? []
}

@Suite("Pictures to input, against Pillow and torchvision")
struct PreparationTests {
  static let pixels = try? Fixtures.tensor("preparation/pixels.npy").floats()
  static let floats = try? Fixtures.tensor("preparation/floats.npy").floats()

  @Test func fixturesAreThere() {
    #expect(PreparationCase.all.count == 65)
    #expect(Self.pixels?.count == Self.floats?.count)
    #expect(Set(PreparationCase.all.compactMap(\.format)).count == 5)
  }

  @Test(arguments: PreparationCase.all)
  func sameGreyLevelsAsPillow(_ item: PreparationCase) throws {
    // Unit range: a grey level is the value times 255, and the rounding only undoes that division.
    let found = try item.prepare(with: ImagePreparer(item.input(mean: 0, deviation: 1))).map { ($0 * 255).rounded() }
    let expected = try #require(Self.pixels)[item.offset..<item.offset + found.count]
    #expect(
      differing(found, expected) == 0, "of \(found.count), by at most \(largestDifference(found, Array(expected)))")
  }

  @Test(arguments: PreparationCase.all)
  func sameBitsAsTorchvision(_ item: PreparationCase) throws {
    let found = try item.prepare(with: ImagePreparer(item.input()))
    let expected = try #require(Self.floats)[item.offset..<item.offset + found.count]
    #expect(differing(found, expected) == 0, "of \(found.count)")
  }

  /// How many values are not the same bits.
  private func differing(_ found: [Float], _ expected: ArraySlice<Float>) -> Int {
    zip(found, expected).count { $0.bitPattern != $1.bitPattern }
  }

  /// Buffers and filters of one picture must not leak into the next one of another size.
  @Test func onePreparerForPicturesOfAllSizes() throws {
    for color in InputDescription.Color.allCases {
      let items = PreparationCase.all.filter { $0.color == color }
      let preparer = ImagePreparer(try #require(items.first).input())
      for item in items + items.reversed() {
        let found = try item.prepare(with: preparer)
        let expected = try #require(Self.floats)[item.offset..<item.offset + found.count]
        #expect(differing(found, expected) == 0, "\(item.testDescription)")
      }
    }
  }

  /// ((p / 255) * (high - low) + low - mean) / std, in float32.
  @Test func rangeIsApplied() throws {
    let input = InputDescription(
      width: 256, height: 1, color: .gray, range: [-1, 1], mean: [0.25], standardDeviation: [0.5])
    let levels = (0...255).map { UInt8($0) }
    var found = [Float](repeating: .nan, count: 256)
    try unsafe levels.withUnsafeBytes { memory in
      let view = try unsafe PixelView(
        data: memory.baseAddress, byteCount: 256, rowStride: 256, width: 256, height: 1, format: .gray8)
      try unsafe ImagePreparer(input).prepare(view, width: 256, height: 1, into: &found)
    }
    #expect(found == levels.map { (Float($0) / 255 * 2 - 1 - 0.25) / 0.5 })
    #expect(found.first == -2.5 && found.last == 1.5)
  }
}
