import Glibc

/// Mean absolute error and root mean square error of numbers.
public struct RegressionMetric: Metric {
  private let unit: String?
  private var count = 0
  private var absolute = 0.0
  private var squared = 0.0

  public init(unit: String?) { self.unit = unit }

  public mutating func add(prediction: Double, truth: Double) {
    count += 1
    absolute += abs(prediction - truth)
    squared += (prediction - truth) * (prediction - truth)
  }

  public func isLike(_ new: RegressionMetric) -> Bool { true }

  public var figures: [Figure] {
    guard count > 0 else { return [] }
    return [
      Figure("mean_absolute_error", absolute / Double(count), isHigherBetter: false, unit: unit),
      Figure("rmse", sqrt(squared / Double(count)), isHigherBetter: false, unit: unit),
    ]
  }
}
