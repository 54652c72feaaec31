/// For several labels of which each may hold: the share of labels that are right, of pictures of which all are, and the
/// mean over labels of F1 (scikit-learn's, zero where a label neither holds nor is found).
public struct MultiLabelMetric: Metric {
  /// Of each label: found where it holds, holds, found.
  private var hits: [Int]
  private var truths: [Int]
  private var predictions: [Int]
  private var rightLabels = 0
  private var rightPictures = 0
  private var pictures = 0

  public init(labelCount: Int) {
    hits = [Int](repeating: 0, count: labelCount)
    (truths, predictions) = (hits, hits)
  }

  /// False, and nothing is added, where their number is not that of the labels.
  public mutating func add(_ answer: MultiLabel, truth: [Bool]) -> Bool {
    guard truth.count == hits.count, answer.probabilities.count == hits.count else { return false }
    var isRight = true
    for (index, holds) in truth.enumerated() {
      let isFound = answer.probabilities[index] > 0.5
      hits[index] += isFound && holds ? 1 : 0
      truths[index] += holds ? 1 : 0
      predictions[index] += isFound ? 1 : 0
      rightLabels += isFound == holds ? 1 : 0
      isRight = isRight && isFound == holds
    }
    pictures += 1
    rightPictures += isRight ? 1 : 0
    return true
  }

  public func isLike(_ new: MultiLabelMetric) -> Bool {
    [hits, truths, predictions].allSatisfy { $0.count == new.hits.count }
  }

  public var figures: [Figure] {
    guard pictures > 0, !hits.isEmpty else { return [] }
    let scores = hits.indices.map { index in
      let sum = truths[index] + predictions[index]
      return sum == 0 ? 0 : 2 * Double(hits[index]) / Double(sum)
    }
    return [
      Figure("label_accuracy", Double(rightLabels) / Double(pictures * hits.count), isHigherBetter: true),
      Figure("exact_match", Double(rightPictures) / Double(pictures), isHigherBetter: true),
      Figure("macro_f1", scores.reduce(0, +) / Double(scores.count), isHigherBetter: true),
    ]
  }
}
