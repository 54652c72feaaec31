/// What is measured of a task over a data set: fed answer by answer, in memory that does not grow with them, save for
/// average precision, which needs every score.
public protocol Metric: Sendable, Codable {
  /// The figures so far, the most telling one first; none before anything was added.
  var figures: [Figure] { get }
  /// Whether this one, which was saved, can go on where another, which is new, would begin: what it counts has the same
  /// sizes.
  func isLike(_ new: Self) -> Bool
}

/// One number of a metric.
public struct Figure: Sendable, Equatable, Encodable {
  /// In lower case with underscores, such as "mean_iou".
  public let name: String
  public let value: Double
  /// Whether more is better, as for accuracies, or less, as for errors.
  public let isHigherBetter: Bool
  /// Of the value; nil where it has none.
  public let unit: String?

  /// How much better the value is than another, in percent of that, as Delta_m counts it (Vandenhende et al., "Multi-task
  /// learning for dense prediction tasks", 2021); nil for a baseline of 0.
  public func gain(over baseline: Double) -> Double? {
    guard baseline != 0 else { return nil }
    return 100 * (value - baseline) / baseline.magnitude * (isHigherBetter ? 1 : -1)
  }

  init(_ name: String, _ value: Double, isHigherBetter: Bool, unit: String? = nil) {
    self.name = name
    self.value = value
    self.isHigherBetter = isHigherBetter
    self.unit = unit
  }
}
