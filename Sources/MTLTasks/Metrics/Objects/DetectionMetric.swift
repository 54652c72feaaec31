/// COCO's average precision and recall of boxes, whose similarity is intersection over union.
public struct DetectionMetric: Metric {
  private var average = AveragePrecision(ranges: [.all, .small, .medium, .large], limit: 100)

  public init() {}

  /// Adds one picture.
  public mutating func add(_ found: [ScoredObject], truth: [TrueObject]) {
    for index in Set(found.map(\.index) + truth.map(\.index)).sorted() {
      let own = Array(found.filter { $0.index == index }.stablySorted().prefix(average.limit))
      let there = truth.filter { $0.index == index }
      average.add(
        classIndex: index, scores: own.map(\.score), areas: own.map { $0.box.rectangle.area },
        truths: there.map { AveragePrecision.Truth(area: $0.area, isCrowd: $0.isCrowd, isIgnored: false) }
      ) { found, truth in
        own[found].box.rectangle.overlap(Rectangle(there[truth].box), ofFirstAlone: there[truth].isCrowd)
      }
    }
  }

  public func isLike(_ new: DetectionMetric) -> Bool { average.isLike(new.average) }

  public var figures: [Figure] {
    guard !average.isEmpty else { return [] }
    let values: [(String, Double?)] = [
      ("average_precision", average.precision(range: 0)), ("ap_50", average.precision(range: 0, threshold: 0)),
      ("ap_75", average.precision(range: 0, threshold: 5)), ("ap_small", average.precision(range: 1)),
      ("ap_medium", average.precision(range: 2)), ("ap_large", average.precision(range: 3)),
      ("ar_1", average.recall(range: 0, limit: 1)), ("ar_10", average.recall(range: 0, limit: 10)),
      ("ar_100", average.recall(range: 0, limit: 100)), ("ar_small", average.recall(range: 1, limit: 100)),
      ("ar_medium", average.recall(range: 2, limit: 100)), ("ar_large", average.recall(range: 3, limit: 100)),
    ]
    return values.compactMap { name, value in value.map { Figure(name, $0, isHigherBetter: true) } }
  }
}

/// A rectangle as COCO keeps it.
struct Rectangle {
  let left: Double
  let top: Double
  let width: Double
  let height: Double

  init(_ box: (left: Double, top: Double, width: Double, height: Double)) {
    (left, top, width, height) = box
  }

  var area: Double { width * height }

  /// Intersection over union, or over this rectangle alone.
  func overlap(_ other: Rectangle, ofFirstAlone: Bool) -> Double {
    let across = min(left + width, other.left + other.width) - max(left, other.left)
    let down = min(top + height, other.top + other.height) - max(top, other.top)
    guard across > 0, down > 0 else { return 0 }
    let shared = across * down
    return shared / (ofFirstAlone ? area : area + other.area - shared)
  }
}

extension Box {
  var rectangle: Rectangle {
    Rectangle((Double(left), Double(top), Double(right) - Double(left), Double(bottom) - Double(top)))
  }
}

extension [ScoredObject] {
  /// Best first, equal ones in their order.
  func stablySorted() -> [ScoredObject] {
    enumerated().sorted { (-$0.element.score, $0.offset) < (-$1.element.score, $1.offset) }.map(\.element)
  }
}
