/// Mean intersection over union and pixel accuracy from one confusion matrix over all valid pixels of the set
/// (median-research-group/LibMTL:examples/nyu/utils.py, `SegMetric`; lorenmt/auto-lambda:utils.py).
public struct SegmentationMetric: Metric {
  private var matrix: ConfusionMatrix

  /// Classes of which a matrix is kept.
  public static let maximumClassCount = 2048

  /// nil for more classes than that.
  public init?(classCount: Int) {
    guard (1...SegmentationMetric.maximumClassCount).contains(classCount) else { return nil }
    matrix = ConfusionMatrix(classCount: classCount)
  }

  /// Adds one picture. What is no class in the truth is left out: -1, 255 and whatever else marks it.
  ///
  /// - Parameter truth: as many labels as the map has pixels.
  public mutating func add(_ map: LabelMap, truth: [Int32]) {
    for (label, expected) in zip(map.labels, truth)
    where expected >= 0 && expected < matrix.classCount && label < matrix.classCount {
      matrix.add(truth: Int(expected), prediction: Int(label))
    }
  }

  /// Of each class; nil for one that is neither in the truth nor in the answers. LibMTL's own mean becomes NaN there;
  /// here such classes are left out of it.
  public var intersectionsOverUnions: [Double?] {
    (0..<matrix.classCount).map { index in
      let (hits, truths, predictions) = matrix.sums(of: index)
      let union = truths + predictions - hits
      return union == 0 ? nil : Double(hits) / Double(union)
    }
  }

  public var figures: [Figure] {
    guard matrix.total > 0 else { return [] }
    let known = intersectionsOverUnions.compactMap { $0 }
    return [
      Figure("mean_iou", known.reduce(0, +) / Double(known.count), isHigherBetter: true),
      Figure("pixel_accuracy", Double(matrix.hits) / Double(matrix.total), isHigherBetter: true),
    ]
  }
}
