/// Accuracy, and the mean over classes of F1 (scikit-learn's `f1_score(average="macro")`: over the classes that are in
/// the truth or in the answers).
public struct ClassificationMetric: Metric {
  private var matrix: ConfusionMatrix

  /// nil for more classes than a matrix is kept of.
  public init?(classCount: Int) {
    guard let matrix = ConfusionMatrix(checking: classCount) else { return nil }
    self.matrix = matrix
  }

  public var classCount: Int { matrix.classCount }

  /// False, and nothing is added, where one of them is no class.
  public mutating func add(prediction: Int, truth: Int) -> Bool {
    matrix.addIfClasses(truth: truth, prediction: prediction)
  }

  public func isLike(_ new: ClassificationMetric) -> Bool { matrix.isLike(new.matrix) }

  public var figures: [Figure] {
    guard matrix.total > 0 else { return [] }
    let scores = (0..<matrix.classCount).compactMap { index -> Double? in
      let (hits, truths, predictions) = matrix.sums(of: index)
      return truths + predictions == 0 ? nil : 2 * Double(hits) / Double(truths + predictions)
    }
    return [
      Figure("accuracy", Double(matrix.hits) / Double(matrix.total), isHigherBetter: true),
      Figure("macro_f1", scores.reduce(0, +) / Double(scores.count), isHigherBetter: true),
    ]
  }
}
