import MTLNetworks

/// How well found edges agree with true ones (Martin, Fowlkes and Malik, "Learning to detect natural image boundaries",
/// 2004): at each of 99 thresholds the found edges are thinned to lines and matched one to one with true pixels at most a
/// share of the picture's diagonal away. `ods_f` is the F measure at the one threshold that is best for the whole set,
/// `ois_f` that of each picture's own best threshold.
///
/// Maps are thresholded as they are, without suppression of neighbours that are no maxima, as seism's reader of pictures
/// does for SimonVandenhende/Multi-Task-Learning-PyTorch.
public struct EdgeMetric: Metric {
  /// Of the PASCAL-Context protocol. NYUD's is 0.011.
  public static let defaultMatchDistance = 0.0075
  private static let thresholds = (1...99).map { Float(Double($0) / 100) }

  private struct Counts: Codable, Equatable {
    var matchedTruths = 0
    var truths = 0
    var matchedFinds = 0
    var finds = 0

    var f: Double {
      let recall = truths == 0 ? 0 : Double(matchedTruths) / Double(truths)
      let precision = finds == 0 ? 0 : Double(matchedFinds) / Double(finds)
      return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall)
    }

    static func + (left: Counts, right: Counts) -> Counts {
      Counts(
        matchedTruths: left.matchedTruths + right.matchedTruths, truths: left.truths + right.truths,
        matchedFinds: left.matchedFinds + right.matchedFinds, finds: left.finds + right.finds)
    }
  }

  private let matchDistance: Double
  private var pictures = 0
  private var counts = [Counts](repeating: Counts(), count: thresholds.count)
  private var bestOfPictures = Counts()

  public init(convention: TaskConvention = TaskConvention()) {
    matchDistance = convention.matchDistance ?? EdgeMetric.defaultMatchDistance
  }

  /// Adds one picture.
  ///
  /// - Parameter truth: for each of the map's pixels whether it is an edge, drawn one pixel wide; nil where that is unknown,
  ///   and nothing that is found there counts.
  public mutating func add(_ map: ScalarMap, truth: [Bool?]) {
    let matcher = EdgeMatcher(
      width: map.width, height: map.height, truth: truth.map { $0 ?? false }, share: matchDistance)
    pictures += 1
    var best = Counts()
    var last: (mask: [Bool], counts: Counts)?
    for (place, threshold) in EdgeMetric.thresholds.enumerated() {
      let mask = zip(map.values, truth).map { $0 >= threshold && $1 != nil }
      // Confident maps change at few thresholds.
      let own: Counts
      if let last, last.mask == mask {
        own = last.counts
      } else {
        let lines = Thinning.thin(mask, width: map.width, height: map.height)
        let matched = matcher.matchCount(lines)
        own = Counts(
          matchedTruths: matched, truths: matcher.truthCount, matchedFinds: matched, finds: lines.count { $0 })
      }
      last = (mask, own)
      counts[place] = counts[place] + own
      if own.f > best.f || place == 0 { best = own }
    }
    bestOfPictures = bestOfPictures + best
  }

  public func isLike(_ new: EdgeMetric) -> Bool { counts.count == new.counts.count }

  public var figures: [Figure] {
    guard pictures > 0 else { return [] }
    return [
      Figure("ods_f", counts.map(\.f).max() ?? 0, isHigherBetter: true),
      Figure("ois_f", bestOfPictures.f, isHigherBetter: true),
    ]
  }
}
