/// COCO's average precision and recall over ten thresholds of similarity, for classes and ranges of size
/// (cocodataset/cocoapi, pycocotools/cocoeval.py: the rules of matching, of what is ignored, and the 101 places of recall).
///
/// Keeps some 24 bytes for each object found, since precision needs them all in the order of their scores.
struct AveragePrecision: Sendable, Codable, Equatable {
  static let thresholds = AveragePrecision.places(10, from: 0.5, to: 0.95)
  private static let recallPlaces = AveragePrecision.places(101, from: 0, to: 1)

  /// As numpy.linspace rounds them: recall may lie exactly on one.
  private static func places(_ count: Int, from first: Double, to last: Double) -> [Double] {
    let step = (last - first) / Double(count - 1)
    return (0..<count - 1).map { Double($0) * step + first } + [last]
  }

  /// A range of an object's area in square pixels.
  struct SizeRange: Sendable, Codable, Equatable {
    let least: Double
    let largest: Double

    func contains(_ area: Double) -> Bool { area >= least && area <= largest }

    static let all = SizeRange(least: 0, largest: 1e10)
    static let small = SizeRange(least: 0, largest: 1024)
    static let medium = SizeRange(least: 1024, largest: 9216)
    static let large = SizeRange(least: 9216, largest: 1e10)
  }

  /// What is known of one object that was found: of each range of size, and in these of each threshold a bit.
  private struct Finds: Sendable, Codable, Equatable {
    var scores: [Float] = []
    /// Its place among those of its class and picture.
    var ranks: [UInt16] = []
    var matched: [UInt16] = []
    var ignored: [UInt16] = []
    /// True objects that count, for each range of size.
    var truths: [Int]
  }

  /// One true object as matching sees it.
  struct Truth {
    let area: Double
    let isCrowd: Bool
    /// Whether it counts for nothing, whatever its size.
    let isIgnored: Bool
  }

  let ranges: [SizeRange]
  /// Objects of a class in a picture that are looked at, best first.
  let limit: Int
  private var finds: [Int: Finds] = [:]

  init(ranges: [SizeRange], limit: Int) { (self.ranges, self.limit) = (ranges, limit) }

  var isEmpty: Bool { finds.isEmpty }

  /// Whether it looks at the same ranges, and what it keeps of each object is there.
  func isLike(_ new: AveragePrecision) -> Bool {
    ranges == new.ranges && limit == new.limit
      && finds.values.allSatisfy { own in
        own.truths.count == ranges.count && own.ranks.count == own.scores.count
          && [own.matched, own.ignored].allSatisfy { $0.count == own.scores.count * ranges.count }
      }
  }

  /// Adds the objects of one class in one picture.
  ///
  /// - Parameters:
  ///   - scores: of what was found, best first, at most `limit`.
  ///   - areas: of the same.
  ///   - similarity: of a found and a true object, 0 to 1.
  mutating func add(
    classIndex: Int, scores: [Float], areas: [Double], truths: [Truth], similarity: (Int, Int) -> Double
  ) {
    guard !scores.isEmpty || !truths.isEmpty else { return }
    var own = finds[classIndex] ?? Finds(truths: [Int](repeating: 0, count: ranges.count))
    let likeness = scores.indices.map { found in truths.indices.map { similarity(found, $0) } }
    let start = own.matched.count
    own.matched += [UInt16](repeating: 0, count: scores.count * ranges.count)
    own.ignored += [UInt16](repeating: 0, count: scores.count * ranges.count)
    for (rank, score) in scores.enumerated() {
      own.scores.append(score)
      own.ranks.append(UInt16(rank))
    }
    for (place, range) in ranges.enumerated() {
      let isIgnored = truths.map { $0.isIgnored || $0.isCrowd || !range.contains($0.area) }
      own.truths[place] += isIgnored.count { !$0 }
      // Those that count come first, each kind in its order.
      let order = truths.indices.filter { !isIgnored[$0] } + truths.indices.filter { isIgnored[$0] }
      for (bit, threshold) in AveragePrecision.thresholds.enumerated() {
        var taken = [Bool](repeating: false, count: truths.count)
        for found in scores.indices {
          let cell = start + found * ranges.count + place
          let match = AveragePrecision.match(
            likeness[found], order, above: min(threshold, 1 - 1e-10), isIgnored: isIgnored,
            isFree: { !taken[$0] || truths[$0].isCrowd })
          if let match {
            taken[match] = true
            own.matched[cell] |= 1 << UInt16(bit)
            if isIgnored[match] { own.ignored[cell] |= 1 << UInt16(bit) }
          } else if !range.contains(areas[found]) {
            own.ignored[cell] |= 1 << UInt16(bit)
          }
        }
      }
    }
    finds[classIndex] = own
  }

  /// The true object that is most like a found one: of those that count, or else of the others.
  private static func match(
    _ likeness: [Double], _ order: [Int], above threshold: Double, isIgnored: [Bool], isFree: (Int) -> Bool
  ) -> Int? {
    var best: Int?
    var most = threshold
    for truth in order where isFree(truth) {
      if let best, !isIgnored[best], isIgnored[truth] { break }
      guard likeness[truth] >= most else { continue }
      (best, most) = (truth, likeness[truth])
    }
    return best
  }

  /// Mean precision over the places of recall, over thresholds and over classes that are there; nil without any.
  func precision(range: Int, threshold: Int? = nil) -> Double? {
    mean(range, threshold, limit) { curve in
      curve.precision.reduce(0, +) / Double(AveragePrecision.recallPlaces.count)
    }
  }

  /// Mean of the largest recall with so many objects of each class and picture.
  func recall(range: Int, threshold: Int? = nil, limit: Int) -> Double? {
    mean(range, threshold, limit) { $0.recall }
  }

  private func mean(
    _ range: Int, _ threshold: Int?, _ limit: Int, _ value: ((precision: [Double], recall: Double)) -> Double
  ) -> Double? {
    var values: [Double] = []
    let bits = threshold.map { [$0] } ?? Array(AveragePrecision.thresholds.indices)
    for (_, own) in finds.sorted(by: { $0.key < $1.key }) where own.truths[range] > 0 {
      // Equal scores keep the order in which they were found, as COCO's stable sort does.
      let order = own.scores.indices.filter { own.ranks[$0] < limit }
        .sorted { (-own.scores[$0], $0) < (-own.scores[$1], $1) }
      for bit in bits { values.append(value(curve(own, order, range, bit))) }
    }
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// Precision at each place of recall, and the largest recall.
  private func curve(
    _ own: Finds, _ order: [Int], _ range: Int, _ bit: Int
  ) -> (precision: [Double], recall: Double) {
    var (hits, alarms) = (0.0, 0.0)
    var recalls: [Double] = []
    var precisions: [Double] = []
    for found in order {
      let cell = found * ranges.count + range
      guard own.ignored[cell] >> UInt16(bit) & 1 == 0 else {
        recalls.append(hits / Double(own.truths[range]))
        precisions.append(hits / (hits + alarms + .ulpOfOne))
        continue
      }
      if own.matched[cell] >> UInt16(bit) & 1 == 1 { hits += 1 } else { alarms += 1 }
      recalls.append(hits / Double(own.truths[range]))
      precisions.append(hits / (hits + alarms + .ulpOfOne))
    }
    for place in precisions.indices.dropLast().reversed() {
      precisions[place] = max(precisions[place], precisions[place + 1])
    }
    var next = 0
    let sampled = AveragePrecision.recallPlaces.map { place -> Double in
      while next < recalls.count, recalls[next] < place { next += 1 }
      return next < precisions.count ? precisions[next] : 0
    }
    return (sampled, recalls.last ?? 0)
  }
}
