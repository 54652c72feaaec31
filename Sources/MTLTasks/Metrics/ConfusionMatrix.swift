/// How often each true class was taken for each class.
struct ConfusionMatrix: Sendable, Codable, Equatable {
  let classCount: Int
  /// `counts[truth * classCount + prediction]`.
  private(set) var counts: [Int]

  init(classCount: Int) {
    self.classCount = classCount
    counts = [Int](repeating: 0, count: classCount * classCount)
  }

  /// nil for more classes than a matrix is kept of.
  init?(checking classCount: Int) {
    guard (1...SegmentationMetric.maximumClassCount).contains(classCount) else { return nil }
    self.init(classCount: classCount)
  }

  /// False, and nothing is added, where one of them is no class.
  mutating func addIfClasses(truth: Int, prediction: Int) -> Bool {
    let classes = 0..<classCount
    guard classes.contains(prediction), classes.contains(truth) else { return false }
    add(truth: truth, prediction: prediction)
    return true
  }

  /// Both must be classes.
  mutating func add(truth: Int, prediction: Int) { counts[truth * classCount + prediction] += 1 }

  func count(truth: Int, prediction: Int) -> Int { counts[truth * classCount + prediction] }

  var total: Int { counts.reduce(0, +) }
  var hits: Int { (0..<classCount).reduce(0) { $0 + counts[$1 * classCount + $1] } }

  /// Whether its counts are those of as many classes as the other's.
  func isLike(_ other: ConfusionMatrix) -> Bool {
    classCount == other.classCount && counts.count == other.counts.count
      && counts.allSatisfy { (0..<1 << 56).contains($0) }
  }

  /// Of one class: where it was there and found, was there, and was found.
  func sums(of index: Int) -> (hits: Int, truths: Int, predictions: Int) {
    var (truths, predictions) = (0, 0)
    for other in 0..<classCount {
      truths += counts[index * classCount + other]
      predictions += counts[other * classCount + index]
    }
    return (counts[index * classCount + index], truths, predictions)
  }
}
