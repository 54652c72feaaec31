import Foundation
import MTLNetworks
import TestSupport
import Testing

@testable import MTLTasks

/// What tools/make_metric_fixtures.py had libraries and code bases measure, to 1e-6.
@Suite("Metrics against their references") struct MetricReferenceTests {
  private typealias Figures = [String: Double]

  private func read<Content: Decodable>(_ name: String, as type: Content.Type = Content.self) throws -> Content {
    let path = "\(Fixtures.folder)/metrics/\(name).json"
    return try JSONDecoder().decode(Content.self, from: #require(FileManager.default.contents(atPath: path)))
  }

  /// Also of a metric that was saved and read in between.
  private func check<Own: Metric>(_ metric: Own, _ expected: Figures, within tolerance: Double = 1e-6) throws {
    let saved = try JSONDecoder().decode(Own.self, from: JSONEncoder().encode(metric))
    #expect(saved.figures == metric.figures)
    for (name, value) in expected {
      let found = try #require(metric.figures.first { $0.name == name }, "\(name)").value
      #expect(abs(found - value) <= tolerance, "\(name): \(found) for \(value)")
    }
  }

  // MARK: Labels

  private struct Labels: Decodable {
    let truth: [Int]
    let found: [Int]
    let figures: Figures
  }

  @Test func labels() throws {
    let labels: Labels = try read("labels")
    var classes = try #require(ClassificationMetric(classCount: 5))
    var ordinal = try #require(OrdinalMetric(classCount: 5))
    for (truth, found) in zip(labels.truth, labels.found) {
      let accepted = [classes.add(prediction: found, truth: truth), ordinal.add(prediction: found, truth: truth)]
      #expect(accepted == [true, true])
    }
    try check(classes, labels.figures.filter { ["accuracy", "macro_f1"].contains($0.key) })
    try check(ordinal, labels.figures.filter { $0.key != "macro_f1" })
    let outside = ordinal.add(prediction: 5, truth: 0)
    #expect(!outside && OrdinalMetric(classCount: 0) == nil)
  }

  /// Where all are of one class, chance explains everything.
  @Test func agreementOfOneClass() throws {
    var metric = try #require(OrdinalMetric(classCount: 3))
    #expect(metric.figures.isEmpty)
    _ = metric.add(prediction: 1, truth: 1)
    #expect(metric.figures.map(\.name) == ["mean_absolute_error", "accuracy", "within_one"])
  }

  // MARK: Maps

  private struct Dense: Decodable {
    let width: Int
    let height: Int
    let scores: [Float]
    let labels: [Int32]
    let depths: [Float]
    let true_depths: [Float]
    let normals: [Float]
    let true_normals: [Float]
    let figures: [String: Figures]

    var pixels: Int { width * height }

    /// One picture's part of an array.
    func part<Element>(_ values: [Element], _ picture: Int) -> [Element] {
      Array(values[picture * values.count / 2..<(picture + 1) * values.count / 2])
    }
  }

  private func withSampler(
    _ values: [Float], _ channels: Int, _ width: Int, _ height: Int, _ body: (MapSampler) throws -> Void
  ) throws {
    try unsafe values.withUnsafeBufferPointer { buffer in
      let base = try unsafe #require(buffer.baseAddress)
      let maps = unsafe FeatureMaps(base: base, channels: channels, height: height, width: width)
      try body(
        MapSampler(
          maps, input: (width, height), placement: .identity, picture: (width, height), upsampling: .centers))
    }
  }

  @Test func dense() throws {
    let dense: Dense = try read("dense")
    var segmentation = try #require(SegmentationMetric(classCount: 6))
    var distances = DistanceMetric(unit: "m")
    var marked = DistanceMetric(unit: "m", convention: TaskConvention(invalid: 0))
    var normals = NormalMetric()
    for picture in 0..<2 {
      try withSampler(dense.part(dense.scores, picture), 6, dense.width, dense.height) { sampler in
        let map = try #require(LabelMap(sampler, form: .logits))
        segmentation.add(map, truth: dense.part(dense.labels, picture))
      }
      try withSampler(dense.part(dense.depths, picture), 1, dense.width, dense.height) { sampler in
        let map = try #require(ScalarMap(measured: sampler))
        distances.add(map, truth: dense.part(dense.true_depths, picture))
        marked.add(map, truth: dense.part(dense.true_depths, picture))
      }
      try withSampler(dense.part(dense.normals, picture), 3, dense.width, dense.height) { sampler in
        let planes = dense.part(dense.true_normals, picture)
        let truth = (0..<3 * dense.pixels).map { planes[$0 % 3 * dense.pixels + $0 / 3] }
        normals.add(try #require(NormalMap(sampler)), truth: truth)
      }
    }
    try check(segmentation, dense.figures["segmentation"] ?? [:])
    try check(distances, dense.figures["depth"] ?? [:])
    #expect(marked.figures == distances.figures)
    // Angles of vectors that are normalised in float32.
    try check(normals, dense.figures["normals"] ?? [:], within: 2e-5)
  }

  /// auto-lambda's disparity is 0 where it is infinitely far, and -1 where nothing is known.
  @Test func conventionsSayWhatIsValid() throws {
    var metric = DistanceMetric(unit: nil, convention: TaskConvention(validRange: 0...10, invalid: -1))
    try withSampler([1, 2, 3, 4], 1, 4, 1) { sampler in
      metric.add(try #require(ScalarMap(measured: sampler)), truth: [0, -1, 5, 20])
    }
    try check(metric, ["absolute_error": 1.5, "relative_error": 0.4])
    var classes = try #require(SegmentationMetric(classCount: 3, convention: TaskConvention(invalid: 2)))
    try withSampler([1, 1, 0, 0, 0, 0, 1, 1], 2, 4, 1) { sampler in
      classes.add(try #require(LabelMap(sampler, form: .logits)), truth: [0, 1, 1, 2])
    }
    try check(classes, ["mean_iou": 0.5, "pixel_accuracy": 2.0 / 3, "mean_iou_absent_0": 1.0 / 3])
  }

  /// PASCAL's parts are measured on pictures that have some.
  @Test func partsOfPicturesWithout() throws {
    var metric = try #require(SegmentationMetric(classCount: 2, isOfParts: true))
    try withSampler([0, 0, 1, 1], 2, 2, 1) { sampler in
      let map = try #require(LabelMap(sampler, form: .logits))
      metric.add(map, truth: [0, 255])
      #expect(metric.figures.isEmpty)
      metric.add(map, truth: [0, 1])
    }
    try check(metric, ["pixel_accuracy": 0.5])
  }

  private struct Maps: Decodable {
    let width: Int
    let height: Int
    let maps: [Float]
    let masks: [Int]
    let edge_masks: [Int]
    let match_distance: Double
    let thinned: [Int]
    let saliency: Figures
    let edges: Figures
    let berkeley: Figures

    private enum CodingKeys: String, CodingKey {
      case width, height, maps, masks, edge_masks, match_distance, saliency, edges, berkeley
      case thinned = "thinned_at_0.3"
    }
  }

  @Test func saliencyAndEdges() throws {
    let all: Maps = try read("maps")
    let pixels = all.width * all.height
    var saliency = SaliencyMetric()
    var edges = EdgeMetric(convention: TaskConvention(matchDistance: all.match_distance))
    for picture in 0..<all.maps.count / pixels {
      let range = picture * pixels..<(picture + 1) * pixels
      let values = Array(all.maps[range])
      let thinned = Thinning.thin(values.map { $0 > 0.3 }, width: all.width, height: all.height)
      #expect(thinned == all.thinned[range].map { $0 == 1 })
      try withSampler(values, 1, all.width, all.height) { sampler in
        let map = try #require(ScalarMap(probable: sampler, form: .probabilities))
        saliency.add(map, truth: all.masks[range].map { $0 == 1 })
        edges.add(map, truth: all.edge_masks[range].map { $0 == 1 })
      }
    }
    try check(saliency, all.saliency)
    try check(edges, all.edges)
    // The benchmark's own matching misses a pair now and then.
    try check(edges, all.berkeley, within: 2e-3)
  }

  /// Nothing there and nothing found is right; what is unknown counts for nothing.
  @Test func emptyMasks() throws {
    var metric = SaliencyMetric()
    try withSampler([0, 0.1, 0.95], 1, 3, 1) { sampler in
      metric.add(try #require(ScalarMap(probable: sampler, form: .probabilities)), truth: [false, false, nil])
    }
    try check(metric, ["mean_iou": 1, "max_f": 0])
    // Of a picture of which nothing is known nothing is right.
    try withSampler([0, 0.1, 0.95], 1, 3, 1) { sampler in
      metric.add(try #require(ScalarMap(probable: sampler, form: .probabilities)), truth: [true, true, true])
      metric.add(try #require(ScalarMap(probable: sampler, form: .probabilities)), truth: [nil, nil, nil])
    }
    try check(metric, ["mean_iou": 2.0 / 3])
    var edges = EdgeMetric()
    try withSampler([0, 0, 0], 1, 3, 1) { sampler in
      edges.add(try #require(ScalarMap(probable: sampler, form: .probabilities)), truth: [false, false, false])
    }
    try check(edges, ["ods_f": 0, "ois_f": 0])
  }

  /// Greedy pairs would leave the last one alone.
  @Test func matchingIsAsLargeAsCanBe() {
    let found = [false, true, true, true, false, false]
    let truth = [true, true, false, false, true, false]
    let matcher = EdgeMatcher(width: 6, height: 1, truth: truth, share: 1.0 / 6)
    #expect(matcher.truthCount == 3 && matcher.matchCount(found) == 3)
    #expect(matcher.matchCount([false, false, true, false, false, false]) == 1)
  }

  // MARK: Objects

  private struct Truths: Decodable {
    struct Annotation: Decodable {
      let image_id: Int
      let category_id: Int
      let bbox: [Double]
      let area: Double
      let iscrowd: Int
      let keypoints: [Double]

      var object: TrueObject {
        TrueObject(
          index: category_id, box: (bbox[0], bbox[1], bbox[2], bbox[3]), area: area, isCrowd: iscrowd == 1,
          keyPoints: (0..<17).map {
            TrueObject.KeyPoint(
              x: keypoints[3 * $0], y: keypoints[3 * $0 + 1], isLabelled: keypoints[3 * $0 + 2] > 0)
          })
      }
    }

    let annotations: [Annotation]
  }

  private struct Objects: Decodable {
    struct Found: Decodable {
      let image_id: Int
      let category_id: Int
      let score: Float
      var bbox: [Float]?
      var keypoints: [Float]?

      var object: ScoredObject {
        let box = bbox ?? [0, 0, 0, 0]
        let points = keypoints ?? []
        return ScoredObject(
          index: category_id, score: score,
          box: Box(left: box[0], top: box[1], right: box[0] + box[2], bottom: box[1] + box[3]),
          points: stride(from: 0, to: points.count, by: 3).map { Point(x: points[$0], y: points[$0 + 1]) })
      }
    }

    let boxes: [Found]
    let key_points: [Found]
    let figures: [String: Figures]
  }

  @Test func objects() throws {
    let truths: Truths = try read("coco")
    let all: Objects = try read("objects")
    var boxes = DetectionMetric()
    var points = KeyPointMetric(sigmas: KeyPointMetric.cocoSigmas)
    for picture in 1...20 {
      let truth = truths.annotations.filter { $0.image_id == picture }.map(\.object)
      boxes.add(all.boxes.filter { $0.image_id == picture }.map(\.object), truth: truth)
      points.add(all.key_points.filter { $0.image_id == picture }.map(\.object), truth: truth)
    }
    // Sides of boxes went through float32.
    try check(boxes, all.figures["boxes"] ?? [:])
    try check(points, all.figures["key_points"] ?? [:])
  }

  /// Recall that lies on one of COCO's places, which are those that numpy rounds: 7 of 20 objects, then 7 of 10, are found behind as
  /// many that are not there (pycocotools 2.0.11).
  @Test(arguments: [(20, 35), (10, 70)]) func recallOnAPlace(_ count: Int, _ places: Int) throws {
    var metric = DetectionMetric()
    let truth = (0..<count).map { TrueObject(index: 0, box: (Double($0) * 20, 0, 10, 10), area: 100) }
    let found = (0..<7).flatMap { place -> [ScoredObject] in
      let left = Float(place) * 20
      let wrong = Box(left: left, top: 500, right: left + 10, bottom: 510)
      let right = Box(left: left, top: 0, right: left + 10, bottom: 10)
      return [
        ScoredObject(index: 0, score: 1 - Float(place) / 10, box: wrong),
        ScoredObject(index: 0, score: 0.95 - Float(place) / 10, box: right),
      ]
    }
    metric.add(found, truth: truth)
    // Every precision is 1 / 2 up to the recall, and so many of 101 places are not above it: 0.35 and 0.7 are not among them.
    try check(metric, ["ap_50": 0.5 * Double(places) / 101], within: 1e-12)
  }

  @Test func correctKeyPoints() throws {
    let person = TrueObject(
      index: 0, box: (0, 0, 10, 20), area: 200,
      keyPoints: [
        .init(x: 5, y: 5, isLabelled: true), .init(x: 5, y: 15, isLabelled: true), .init(x: 0, y: 0, isLabelled: false),
      ])
    let box = Box(left: 1, top: 0, right: 10, bottom: 20)
    var metric = KeyPointMetric(sigmas: [])
    metric.add(
      [ScoredObject(index: 0, score: 1, box: box, points: [Point(x: 5, y: 9), Point(x: 5, y: 10), Point(x: 0, y: 0)])],
      truth: [person])
    try check(metric, ["pck_0.2": 0.5])
    // A second person whom nobody found.
    metric.add([], truth: [person])
    try check(metric, ["pck_0.2": 0.25])
    #expect(metric.figures.count == 1)
  }

  // MARK: Ordinal answers

  @Test func ordinalAnswers() throws {
    let classes = try #require(Ordinal([0, 2, 1], form: .logits))
    #expect(classes.index == 1 && abs(classes.probabilities.reduce(0, +) - 1) < 1e-6)
    // sigmoid(2), sigmoid(0.5), sigmoid(-1)
    let passed = try #require(Ordinal([2, 0.5, -1], form: .cumulative))
    #expect(passed.index == 2 && passed.probabilities.count == 4)
    #expect(largestDifference(passed.probabilities, [0.1192029, 0.2583377, 0.3535180, 0.2689414]) <= 1e-6)
    #expect(abs(passed.expectation - 1.7721979) <= 1e-5)
    // Out of order: as many are passed, and the probabilities are some.
    let crossed = try #require(Ordinal([-1, 2, 0.5], form: .cumulative))
    #expect(crossed.index == 2 && crossed.probabilities == passed.probabilities)
    #expect(Ordinal([], form: .logits) == nil && Ordinal([.nan, 1], form: .logits) == nil)
    let infinite = try #require(Ordinal([.infinity, 0], form: .logits))
    #expect(infinite.index == 0 && infinite.confidence == 1)
  }
}
