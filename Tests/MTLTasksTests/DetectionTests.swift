import MTLGraph
import TestSupport
import Testing

@testable import MTLTasks

@Suite("Detection")
struct DetectionTests {
  /// `body` with the maps of a fixture, cut into pieces of these numbers of channels.
  private func withMaps(
    _ folder: String, _ counts: [Int], _ body: ([FeatureMaps]) throws -> Void
  ) throws {
    let tensor = try Fixtures.tensor("detection/\(folder)/maps.npy")
    let values = try tensor.floats()
    try unsafe values.withUnsafeBufferPointer { buffer in
      let base = try unsafe #require(buffer.baseAddress)
      let all = unsafe FeatureMaps(
        base: base, channels: tensor.shape[1], height: tensor.shape[2], width: tensor.shape[3])
      var start = 0
      try body(
        counts.map { count in
          start += count
          return all.channels(start - count..<start)
        })
    }
  }

  private func check(_ found: [Float], _ folder: String, _ file: String, within tolerance: Float = 1e-3) throws {
    let expected = try Fixtures.tensor("detection/\(folder)/\(file).npy").floats()
    #expect(largestDifference(found, expected) <= tolerance, "\(file)")
  }

  private func sides(_ boxes: [Box]) -> [Float] { boxes.flatMap { [$0.left, $0.top, $0.right, $0.bottom] } }

  private func check(_ detections: [Detection], _ folder: String, _ placement: Placement) throws {
    try check(detections.map(\.score), folder, "scores", within: 1e-6)
    try check(detections.map { Float($0.index) }, folder, "classes", within: 0)
    try check(sides(detections.map(\.box)), folder, "boxes")
    try check(sides(detections.map { placement.onPicture($0.box) }), folder, "picture_boxes")
  }

  @Test func boxesAreThoseOfThePublishedRules() throws {
    try withMaps("centernet-ctdet", [5, 2, 2]) { maps in
      var decoder = DetectionDecoder()
      var detections: [Detection] = []
      // Twice: nothing of an earlier image may stay.
      for _ in 0..<2 {
        decoder.decode(heat: maps[0], size: maps[1], offset: maps[2], into: &detections)
        try check(
          detections, "centernet-ctdet",
          Placement(centered: (width: 640, height: 427), input: (width: 160, height: 128)))
      }
    }
  }

  @Test func keyPointsAreThoseOfThePublishedRules() throws {
    let folder = "centernet-multi-pose"
    try withMaps(folder, [1, 2, 2, 34, 17, 2]) { maps in
      var decoder = PoseDecoder()
      var detections: [Detection] = []
      var points: [Point] = []
      let pose = PoseMaps(
        heat: maps[0], size: maps[1], offset: maps[2], joints: maps[3], jointHeat: maps[4], jointOffset: maps[5])
      decoder.decode(pose, into: &detections, points: &points)
      let placement = Placement(centered: (width: 640, height: 427), input: (width: 112, height: 80))
      try check(detections, folder, placement)
      try check(points.flatMap { [$0.x, $0.y] }, folder, "key_points")
      try check(points.map(placement.onPicture).flatMap { [$0.x, $0.y] }, folder, "picture_key_points", within: 2e-3)
    }
  }

  private func detect(_ heat: [Float], width: Int, limit: Int = 100, above minimumScore: Float = 0) -> [Detection] {
    var decoder = DetectionDecoder(limit: limit)
    var detections: [Detection] = []
    let size = [Float](repeating: 2, count: 2 * heat.count)
    unsafe heat.withUnsafeBufferPointer { heat in
      unsafe size.withUnsafeBufferPointer { size in
        guard let heatBase = heat.baseAddress, let sizeBase = size.baseAddress else { return }
        let height = heat.count / width
        decoder.decode(
          heat: unsafe FeatureMaps(base: heatBase, channels: 1, height: height, width: width),
          size: unsafe FeatureMaps(base: sizeBase, channels: 2, height: height, width: width), offset: nil,
          above: minimumScore, into: &detections)
      }
    }
    return detections
  }

  @Test func withoutOffsetsACentreIsTheMiddleOfItsPixel() {
    #expect(detect([0], width: 1).map(\.box) == [Box(left: -2, top: -2, right: 6, bottom: 6)])
  }

  @Test func equalProbabilitiesAreEqualPeaks() {
    // Both round to 1.
    #expect(detect([20, 30], width: 2).map(\.score) == [1, 1])
    #expect(detect([2, 3], width: 2).count == 1)
  }

  @Test func theFirstOfEqualPeaksStays() {
    let detections = detect([1, -9, 1, -9, 1], width: 5, limit: 2)
    #expect(detections.map { ($0.box.left + 2) / 4 } == [0, 2])
  }

  @Test func whatIsNoNumberIsNoPeak() {
    #expect(detect([.nan, 1, -9, 1], width: 4).count == 1)
    #expect(detect([.nan], width: 1).isEmpty)
    #expect(detect([-.infinity, -200], width: 2).isEmpty)
    #expect(detect([.infinity], width: 1).map(\.score) == [1])
  }

  @Test func aThresholdLeavesOut() {
    #expect(detect([3, -9, -1], width: 3, above: 0.3).count == 1)
  }
}
