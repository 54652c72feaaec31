/// How often each true class was taken for each class.
struct ConfusionMatrix: Sendable, Codable, Equatable {
  let classCount: Int
  /// `counts[truth * classCount + prediction]`.
  private(set) var counts: [Int]

  init(classCount: Int) {
    self.classCount = classCount
    counts = [Int](repeating: 0, count: classCount * classCount)
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
