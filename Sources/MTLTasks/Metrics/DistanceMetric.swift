import Glibc
import MTLNetworks

/// Errors of depth or disparity over all valid pixels of the set: mean of |p - g| and of |p - g| / g (LibMTL's `DepthMetric`,
/// which weights batches by their valid pixels and so has the same mean), root mean square error, and the share of
/// pixels where max(p / g, g / p) is below 1.25, 1.25^2 and 1.25^3 (Eigen et al., "Depth Map Prediction from a Single
/// Image", 2014), and the root mean square of the difference of logarithms (the same; predictions are at least 1e-9 there,
/// as in SimonVandenhende/Multi-Task-Learning-PyTorch). The relative error, ratios and logarithms are of truths above 0.
public struct DistanceMetric: Metric {
  private let unit: String?
  private let invalid: Float?
  private let least: Double
  private let largest: Double
  private var count = 0
  /// Of these, truths above 0.
  private var positiveCount = 0
  private var absolute = 0.0
  private var relative = 0.0
  private var squared = 0.0
  private var squaredLogarithms = 0.0
  private var near = [0, 0, 0]

  /// - Parameter convention: without a value that marks invalid truths, 0 and below do: mtan and LibMTL write 0.
  public init(unit: String?, convention: TaskConvention = TaskConvention()) {
    self.unit = unit
    invalid = convention.invalid.map { Float($0) }
    least = convention.validRange?.lowerBound ?? -.greatestFiniteMagnitude
    largest = convention.validRange?.upperBound ?? .greatestFiniteMagnitude
  }

  private func isValid(_ truth: Float) -> Bool {
    (invalid.map { truth != $0 } ?? (truth > 0)) && Double(truth) >= least && Double(truth) <= largest
  }

  /// Adds one picture.
  ///
  /// - Parameter truth: as many values as the map has pixels; what is no number is invalid.
  public mutating func add(_ map: ScalarMap, truth: [Float]) {
    for (value, expected) in zip(map.values, truth) {
      guard isValid(expected) else { continue }
      let (value, expected) = (Double(value), Double(expected))
      let error = abs(value - expected)
      count += 1
      absolute += error
      squared += error * error
      guard expected > 0 else { continue }
      positiveCount += 1
      relative += error / expected
      let logarithm = log(max(value, 1e-9)) - log(expected)
      squaredLogarithms += logarithm * logarithm
      let ratio = value > 0 ? max(value / expected, expected / value) : .infinity
      var limit = 1.25
      for power in 0..<3 {
        near[power] += ratio < limit ? 1 : 0
        limit *= 1.25
      }
    }
  }

  public func isLike(_ new: DistanceMetric) -> Bool { near.count == new.near.count }

  public var figures: [Figure] {
    guard count > 0 else { return [] }
    let total = Double(count)
    let positive = Double(max(positiveCount, 1))
    return [
      Figure("absolute_error", absolute / total, isHigherBetter: false, unit: unit),
      Figure("relative_error", relative / positive, isHigherBetter: false),
      Figure("rmse", sqrt(squared / total), isHigherBetter: false, unit: unit),
      Figure("rmse_log", sqrt(squaredLogarithms / positive), isHigherBetter: false),
      Figure("delta_1", Double(near[0]) / positive, isHigherBetter: true),
      Figure("delta_2", Double(near[1]) / positive, isHigherBetter: true),
      Figure("delta_3", Double(near[2]) / positive, isHigherBetter: true),
    ]
  }
}
