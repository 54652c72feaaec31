import MTLGraph
import MTLTasks

/// A shared model against models of single tasks: what sharing gives and takes.
struct Comparison: Encodable {
  /// One figure of one task.
  struct Line: Encodable {
    let task: String
    /// Of the shared model.
    let figure: Figure
    let single: Double

    /// How much better the shared model is, in percent of the single one; nil where that is zero.
    var gain: Double? { figure.gain(over: single) }

    enum CodingKeys: String, CodingKey { case task, metric, shared, single, unit, isHigherBetter, gainPercent }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(task, forKey: .task)
      try container.encode(figure.name, forKey: .metric)
      try container.encode(figure.value, forKey: .shared)
      try container.encode(single, forKey: .single)
      try container.encodeIfPresent(figure.unit, forKey: .unit)
      try container.encode(figure.isHigherBetter, forKey: .isHigherBetter)
      try container.encodeIfPresent(gain, forKey: .gainPercent)
    }
  }

  let shared: ModelCost
  /// Of all models of single tasks together.
  let singles: ModelCost
  /// Empty without a data set.
  let lines: [Line]

  /// The mean over tasks of the gain in each one's first metric, in percent (Maninis et al., "Attentive Single-Tasking of
  /// Multiple Tasks", 2019; Vandenhende et al., 2021); nil without a data set.
  let deltaM: Double?
  /// The mean over tasks of the mean gain in all metrics that LibMTL has for them, in percent (LibMTL's Delta_p).
  let deltaP: Double?

  /// What LibMTL's examples measure.
  private static let metricsOfLibMTL: Set<String> = [
    "mean_iou", "pixel_accuracy", "absolute_error", "relative_error", "mean_angle", "median_angle", "within_11.25",
    "within_22.5", "within_30", "accuracy",
  ]

  init(shared: ModelCost, singles: ModelCost, lines: [Line]) {
    (self.shared, self.singles, self.lines) = (shared, singles, lines)
    var tasks: [String] = []
    for line in lines where !tasks.contains(line.task) { tasks.append(line.task) }
    let byTask = tasks.map { task in lines.filter { $0.task == task } }
    deltaM = Comparison.mean(byTask.map { $0.first?.gain })
    deltaP = Comparison.mean(
      byTask.map { lines in
        Comparison.mean(lines.filter { Comparison.metricsOfLibMTL.contains($0.figure.name) }.map(\.gain))
      })
  }

  /// nil where one of them is missing.
  private static func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap { $0 }
    return known.isEmpty || known.count < values.count ? nil : known.reduce(0, +) / Double(known.count)
  }
}
