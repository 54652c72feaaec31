/// For classes that have an order: how far apart answer and truth are, in classes, the shares that are right and at most
/// one class off, and the agreement weighted by the square of the distance (scikit-learn's
/// `cohen_kappa_score(weights="quadratic")`).
public struct OrdinalMetric: Metric {
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

  public func isLike(_ new: OrdinalMetric) -> Bool { matrix.isLike(new.matrix) }

  public var figures: [Figure] {
    guard matrix.total > 0 else { return [] }
    let total = Double(matrix.total)
    var (distance, near) = (0.0, 0)
    for truth in 0..<classCount {
      for prediction in 0..<classCount {
        let count = matrix.count(truth: truth, prediction: prediction)
        distance += Double(count * abs(truth - prediction))
        near += abs(truth - prediction) <= 1 ? count : 0
      }
    }
    var figures = [
      Figure("mean_absolute_error", distance / total, isHigherBetter: false, unit: "classes"),
      Figure("accuracy", Double(matrix.hits) / total, isHigherBetter: true),
      Figure("within_one", Double(near) / total, isHigherBetter: true),
    ]
    if let kappa { figures.append(Figure("quadratic_kappa", kappa, isHigherBetter: true)) }
    return figures
  }

  /// nil where chance alone explains everything: all truths and all answers are of one class.
  private var kappa: Double? {
    let sums = (0..<classCount).map { matrix.sums(of: $0) }
    var (observed, expected) = (0.0, 0.0)
    for truth in 0..<classCount {
      for prediction in 0..<classCount {
        let weight = Double((truth - prediction) * (truth - prediction))
        observed += weight * Double(matrix.count(truth: truth, prediction: prediction))
        expected += weight * Double(sums[truth].truths) * Double(sums[prediction].predictions) / Double(matrix.total)
      }
    }
    return expected > 0 ? 1 - observed / expected : nil
  }
}
