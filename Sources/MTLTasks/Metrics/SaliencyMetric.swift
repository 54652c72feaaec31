/// How well a map of what stands out agrees with a mask, at 15 thresholds from 0.2 to 0.9: at each threshold intersection
/// over union, precision and recall are averaged over pictures; the largest mean is `mean_iou`, the largest F measure of the
/// mean precision and recall is `max_f` (facebookresearch/astmt and SimonVandenhende/Multi-Task-Learning-PyTorch,
/// evaluation/eval_sal.py). Both code bases read predictions from pictures of 256 grey levels; here they are not rounded.
public struct SaliencyMetric: Metric {
  private static let thresholds = (0..<15).map { Float(0.2 + 0.05 * Double($0)) }
  private var count = 0
  private var overlaps = [Double](repeating: 0, count: thresholds.count)
  private var precisions = [Double](repeating: 0, count: thresholds.count)
  private var recalls = [Double](repeating: 0, count: thresholds.count)

  public init() {}

  /// Adds one picture, unless nothing is known of it.
  ///
  /// - Parameter truth: for each of the map's pixels whether it stands out; nil where that is unknown.
  public mutating func add(_ map: ScalarMap, truth: [Bool?]) {
    // Of pixels that pass so many thresholds.
    var salient = [Int](repeating: 0, count: SaliencyMetric.thresholds.count + 1)
    var other = salient
    for (value, isSalient) in zip(map.values, truth) {
      guard let isSalient else { continue }
      let passed = SaliencyMetric.thresholds.count { value > $0 }
      if isSalient { salient[passed] += 1 } else { other[passed] += 1 }
    }
    let truths = salient.reduce(0, +)
    guard truths + other.reduce(0, +) > 0 else { return }
    count += 1
    var (hits, alarms) = (0, 0)
    for place in SaliencyMetric.thresholds.indices.reversed() {
      hits += salient[place + 1]
      alarms += other[place + 1]
      let union = truths + alarms
      overlaps[place] += union == 0 ? 1 : Double(hits) / Double(union)
      precisions[place] += Double(hits) / max(Double(hits + alarms), 1e-12)
      recalls[place] += Double(hits) / max(Double(truths), 1e-12)
    }
  }

  public func isLike(_ new: SaliencyMetric) -> Bool {
    [overlaps, precisions, recalls].allSatisfy { $0.count == new.overlaps.count }
  }

  public var figures: [Figure] {
    guard count > 0 else { return [] }
    let scores = zip(precisions, recalls).map { precision, recall in
      2 * precision * recall / Double(count) / max(precision + recall, 1e-12)
    }
    return [
      Figure("max_f", scores.max() ?? 0, isHigherBetter: true),
      Figure("mean_iou", (overlaps.max() ?? 0) / Double(count), isHigherBetter: true),
    ]
  }
}
