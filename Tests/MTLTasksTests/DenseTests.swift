import MTLGraph
import MTLNetworks
import TestSupport
import Testing

@testable import MTLTasks

/// Against the Resize operator, which is checked against PyTorch's interpolate.
@Suite("Dense answers") struct DenseTests {
  private let maps: Tensor

  init() {
    var random = SeededRandom(seed: 17)
    maps = random.tensor([1, 4, 6, 9], in: -3...3)
  }

  private func withMaps(_ channels: Range<Int>, _ body: (FeatureMaps) throws -> Void) throws {
    let values = try maps.floats()
    try unsafe values.withUnsafeBufferPointer { buffer in
      let base = try unsafe #require(buffer.baseAddress)
      try body(unsafe FeatureMaps(base: base, channels: 4, height: 6, width: 9).channels(channels))
    }
  }

  /// At an input of 24 x 20 pixels.
  private func sampler(
    _ maps: FeatureMaps, picture: (width: Int, height: Int), _ upsampling: TaskDescription.Upsampling
  ) -> MapSampler {
    MapSampler(
      maps, input: (24, 20), placement: Placement(.stretch, picture: picture, input: (24, 20)), picture: picture,
      upsampling: upsampling)
  }

  private func resized(_ mode: Resize.Mode, _ rows: Int, _ columns: Int) throws -> [Float] {
    try Resize(mode, to: .size(rows, columns)).evaluate([maps])[0].floats()
  }

  @Test(arguments: [TaskDescription.Upsampling.centers, .corners]) func mapsAreResizedAsInTraining(
    _ upsampling: TaskDescription.Upsampling
  ) throws {
    let expected = try resized(upsampling == .centers ? .bilinear : .bilinearAligned, 20, 24)
    try withMaps(2..<3) { maps in
      let map = try #require(ScalarMap(measured: sampler(maps, picture: (24, 20), upsampling)))
      #expect(largestDifference(map.values, Array(expected[2 * 480..<3 * 480])) <= 1e-5)
    }
  }

  /// With centres on centres, resizing to the input and from there to the picture is resizing to the picture.
  @Test func mapsFollowTheStretchedPicture() throws {
    let expected = try resized(.bilinear, 31, 50)
    try withMaps(0..<1) { maps in
      let map = try #require(ScalarMap(measured: sampler(maps, picture: (50, 31), .centers)))
      #expect(map.width == 50 && map.height == 31)
      #expect(largestDifference(map.values, Array(expected[..<1550])) <= 1e-5)
    }
  }

  @Test func labelsAreTheLargestOfInterpolatedValues() throws {
    let values = try resized(.bilinear, 31, 50)
    let expected = (0..<1550).map { pixel in
      UInt16((0..<4).max { values[$0 * 1550 + pixel] < values[$1 * 1550 + pixel] } ?? 0)
    }
    try withMaps(0..<4) { maps in
      let map = try #require(LabelMap(sampler(maps, picture: (50, 31), .centers), form: .logits))
      #expect(map.labels == expected)
      #expect(map.counts == (0..<4).map { label in expected.count { $0 == label } })
    }
  }

  @Test func oneMapIsYesOrNo() throws {
    try withMaps(1..<2) { maps in
      let sampler = sampler(maps, picture: (24, 20), .centers)
      let raw = try #require(ScalarMap(measured: sampler))
      for (form, boundary) in [(TaskDescription.Form.logits, Float(0)), (.probabilities, 0.5)] {
        let map = try #require(LabelMap(sampler, form: form))
        #expect(map.labels == raw.values.map { $0 > boundary ? 1 : 0 } && map.counts.count == 2)
      }
    }
  }

  @Test func probabilitiesOfOneAndTwoMaps() throws {
    try withMaps(0..<2) { maps in
      let both = sampler(maps, picture: (24, 20), .centers)
      let two = try #require(ScalarMap(probable: both, form: .logits))
      let values = try resized(.bilinear, 20, 24)
      for (index, value) in two.values.enumerated() {
        #expect(abs(value - sigmoid(values[480 + index] - values[index])) <= 1e-5)
      }
      let one = sampler(maps.channels(0..<1), picture: (24, 20), .centers)
      let map = try #require(ScalarMap(probable: one, form: .logits))
      #expect(zip(map.values, values).allSatisfy { abs($0 - sigmoid($1)) <= 1e-5 })
      #expect(map.share(above: 0.5) == Double(values[..<480].count { $0 > 0 }) / 480)
    }
    try withMaps(0..<3) { #expect(ScalarMap(probable: sampler($0, picture: (24, 20), .centers), form: .logits) == nil) }
  }

  @Test func normalsHaveLengthOne() throws {
    try withMaps(0..<3) { maps in
      let map = try #require(NormalMap(sampler(maps, picture: (24, 20), .corners)))
      let values = try resized(.bilinearAligned, 20, 24)
      for pixel in 0..<480 {
        let vector = (0..<3).map { map.vectors[3 * pixel + $0] }
        #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) <= 1e-5)
        #expect(vector[0] * values[480 + pixel] - vector[1] * values[pixel] <= 1e-4, "the direction stays")
      }
    }
    try withMaps(0..<2) { #expect(NormalMap(sampler($0, picture: (24, 20), .corners)) == nil) }
  }

  @Test func rangesLeaveOutliersAndWhatIsNoNumber() throws {
    let values = (0..<1000).map(Float.init) + [.nan, .infinity]
    let tensor = Tensor(values, shape: [1, 1, 1, 1002])
    try unsafe tensor.floats().withUnsafeBufferPointer { buffer in
      let maps = unsafe FeatureMaps(base: try #require(buffer.baseAddress), channels: 1, height: 1, width: 1002)
      let whole = MapSampler(
        maps, input: (1002, 1), placement: .identity, picture: (1002, 1), upsampling: .centers)
      let map = try #require(ScalarMap(measured: whole))
      let all = try #require(map.range())
      #expect(all == (0, 500, 999))
      let inner = try #require(map.range(without: 0.01))
      #expect(inner == (10, 500, 989))
      #expect(LabelMap(whole, form: .logits) == nil, "a pixel without a number")
    }
  }

  @Test func severalLabelsHold() {
    let answer = MultiLabel([-1, 2, 0, 5], form: .logits)
    #expect(answer.holding == [3, 1])
    #expect(abs(answer.probabilities[1] - 0.880797) <= 1e-6)
    #expect(MultiLabel([0.2, 0.6], form: .probabilities).holding == [1])
  }
}
