import MTLNetworks

/// Mean intersection over union and pixel accuracy from one confusion matrix over all valid pixels of the set
/// (median-research-group/LibMTL:examples/nyu/utils.py, `SegMetric`; lorenmt/auto-lambda:utils.py).
///
/// Where a class is neither in the truth nor in the answers, code bases differ: LibMTL's mean becomes NaN; `mean_iou` leaves
/// the class out; `mean_iou_absent_0`, as SimonVandenhende/Multi-Task-Learning-PyTorch has it, counts it as 0.
public struct SegmentationMetric: Metric {
  private var matrix: ConfusionMatrix
  private let isOfParts: Bool
  private let invalid: Int32?

  /// Classes of which a matrix is kept.
  public static let maximumClassCount = 2048

  /// - Parameters:
  ///   - isOfParts: pictures without any part, where all of the truth is class 0 or void, are left out, as both code bases
  ///     for PASCAL's parts do.
  ///   - convention: may name a class whose pixels are left out.
  /// - Returns: nil for more classes than that.
  public init?(classCount: Int, isOfParts: Bool = false, convention: TaskConvention = TaskConvention()) {
    guard let matrix = ConfusionMatrix(checking: classCount) else { return nil }
    self.matrix = matrix
    self.isOfParts = isOfParts
    invalid = convention.invalid.flatMap { Int32(exactly: $0) }
  }

  /// Adds one picture. What is no class in the truth is left out: -1, 255 and whatever else marks it.
  ///
  /// - Parameter truth: as many labels as the map has pixels.
  public mutating func add(_ map: LabelMap, truth: [Int32]) {
    let hasParts = !isOfParts || truth.contains { $0 > 0 && $0 < matrix.classCount }
    guard hasParts else { return }
    for (label, expected) in zip(map.labels, truth)
    where expected != invalid && expected >= 0 && expected < matrix.classCount && label < matrix.classCount {
      matrix.add(truth: Int(expected), prediction: Int(label))
    }
  }

  /// Of each class; nil for one that is neither in the truth nor in the answers.
  public var intersectionsOverUnions: [Double?] {
    (0..<matrix.classCount).map { index in
      let (hits, truths, predictions) = matrix.sums(of: index)
      let union = truths + predictions - hits
      return union == 0 ? nil : Double(hits) / Double(union)
    }
  }

  public func isLike(_ new: SegmentationMetric) -> Bool { matrix.isLike(new.matrix) }

  public var figures: [Figure] {
    guard matrix.total > 0 else { return [] }
    let known = intersectionsOverUnions.compactMap { $0 }
    return [
      Figure("mean_iou", known.reduce(0, +) / Double(known.count), isHigherBetter: true),
      Figure("pixel_accuracy", Double(matrix.hits) / Double(matrix.total), isHigherBetter: true),
      Figure("mean_iou_absent_0", known.reduce(0, +) / Double(matrix.classCount), isHigherBetter: true),
    ]
  }
}
