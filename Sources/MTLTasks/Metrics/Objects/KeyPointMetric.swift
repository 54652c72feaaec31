import Glibc

/// COCO's average precision and recall of persons' key points, whose similarity is the object key point similarity (OKS,
/// cocodataset/cocoapi, pycocotools/cocoeval.py), and the share of correct key points (PCK: Yang and Ramanan,
/// "Articulated human detection with flexible mixtures of parts", 2013): within 0.2 of the longer side of the person's box.
///
/// For PCK each person takes the found one, not taken yet, whose box overlaps most, persons in the order of the truth; key
/// points of persons that were not found are wrong.
public struct KeyPointMetric: Metric {
  /// Of COCO's 17 key points: how far apart people put them, as a share of the person's size.
  public static let cocoSigmas = [
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089,
    0.089,
  ]
  private static let correctDistance = 0.2

  private let sigmas: [Double]
  private var average = AveragePrecision(ranges: [.all, .medium, .large], limit: 20)
  private var labelled = 0
  private var correct = 0

  /// - Parameter sigmas: one for each key point; without them there is no OKS, and PCK alone is measured.
  public init(sigmas: [Double]) { self.sigmas = sigmas }

  /// Adds one picture.
  public mutating func add(_ found: [ScoredObject], truth: [TrueObject]) {
    addCorrect(found, truth)
    guard !sigmas.isEmpty else { return }
    let sigmas = sigmas
    let own = Array(found.stablySorted().prefix(average.limit))
    average.add(
      classIndex: 0, scores: own.map(\.score), areas: own.map { KeyPointMetric.area(of: $0.points) },
      truths: truth.map { person in
        AveragePrecision.Truth(
          area: person.area, isCrowd: person.isCrowd, isIgnored: !person.keyPoints.contains(where: \.isLabelled))
      }
    ) { KeyPointMetric.similarity(own[$0].points, truth[$1], sigmas) }
  }

  /// Of the smallest box around all points, as COCO computes it for results.
  private static func area(of points: [Point]) -> Double {
    guard let left = points.map(\.x).min(), let right = points.map(\.x).max(), let top = points.map(\.y).min(),
      let bottom = points.map(\.y).max()
    else { return 0 }
    return (Double(right) - Double(left)) * (Double(bottom) - Double(top))
  }

  /// OKS. Where no key point of the person is labelled, distances count from twice the person's box.
  private static func similarity(_ points: [Point], _ person: TrueObject, _ sigmas: [Double]) -> Double {
    let count = min(points.count, person.keyPoints.count, sigmas.count)
    let isLabelled = person.keyPoints.contains(where: \.isLabelled)
    var (sum, used) = (0.0, 0)
    for index in 0..<count where !isLabelled || person.keyPoints[index].isLabelled {
      let (x, y) = (Double(points[index].x), Double(points[index].y))
      var (dx, dy) = (x - person.keyPoints[index].x, y - person.keyPoints[index].y)
      if !isLabelled {
        let box = person.box
        dx = max(0, box.left - box.width - x) + max(0, x - box.left - box.width * 2)
        dy = max(0, box.top - box.height - y) + max(0, y - box.top - box.height * 2)
      }
      let variance = 4 * sigmas[index] * sigmas[index]
      sum += exp(-(dx * dx + dy * dy) / variance / (person.area + .ulpOfOne) / 2)
      used += 1
    }
    return used == 0 ? 0 : sum / Double(used)
  }

  private mutating func addCorrect(_ found: [ScoredObject], _ truth: [TrueObject]) {
    var free = found
    for person in truth where !person.isCrowd && person.keyPoints.contains(where: \.isLabelled) {
      let box = Rectangle(person.box)
      func overlap(_ index: Int) -> Double { free[index].box.rectangle.overlap(box, ofFirstAlone: false) }
      let best = free.indices.max { overlap($0) < overlap($1) }.flatMap { overlap($0) > 0 ? $0 : nil }
      let points = best.map { free.remove(at: $0).points } ?? []
      let reach = KeyPointMetric.correctDistance * max(box.width, box.height)
      for (index, place) in person.keyPoints.enumerated() where place.isLabelled {
        labelled += 1
        guard points.indices.contains(index) else { continue }
        correct += hypot(Double(points[index].x) - place.x, Double(points[index].y) - place.y) <= reach ? 1 : 0
      }
    }
  }

  public func isLike(_ new: KeyPointMetric) -> Bool { average.isLike(new.average) }

  public var figures: [Figure] {
    var values: [(String, Double?)] = []
    if !average.isEmpty {
      values += [
        ("average_precision", average.precision(range: 0)), ("ap_50", average.precision(range: 0, threshold: 0)),
        ("ap_75", average.precision(range: 0, threshold: 5)), ("ap_medium", average.precision(range: 1)),
        ("ap_large", average.precision(range: 2)), ("average_recall", average.recall(range: 0, limit: 20)),
        ("ar_50", average.recall(range: 0, threshold: 0, limit: 20)),
        ("ar_75", average.recall(range: 0, threshold: 5, limit: 20)),
        ("ar_medium", average.recall(range: 1, limit: 20)), ("ar_large", average.recall(range: 2, limit: 20)),
      ]
    }
    values.append(("pck_0.2", labelled == 0 ? nil : Double(correct) / Double(labelled)))
    return values.compactMap { name, value in value.map { Figure(name, $0, isHigherBetter: true) } }
  }
}
