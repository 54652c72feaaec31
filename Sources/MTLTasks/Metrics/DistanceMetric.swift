import Glibc

/// Errors of depth or disparity over all valid pixels of the set: mean of |p - g| and of |p - g| / g (LibMTL's `DepthMetric`,
/// which weights batches by their valid pixels and so has the same mean), root mean square error, and the share of
/// pixels where max(p / g, g / p) is below 1.25, 1.25^2 and 1.25^3 (Eigen et al., "Depth Map Prediction from a Single
/// Image", 2014).
public struct DistanceMetric: Metric {
  private let unit: String?
  private var count = 0
  private var absolute = 0.0
  private var relative = 0.0
  private var squared = 0.0
  private var near = [0, 0, 0]

  public init(unit: String?) { self.unit = unit }

  /// Adds one picture. Truths of 0 and below are invalid: mtan and LibMTL mark them by 0, auto-lambda's disparity by -1.
  ///
  /// - Parameter truth: as many values as the map has pixels.
  public mutating func add(_ map: ScalarMap, truth: [Float]) {
    for (value, expected) in zip(map.values, truth) where expected > 0 {
      let (value, expected) = (Double(value), Double(expected))
      let error = abs(value - expected)
      count += 1
      absolute += error
      relative += error / expected
      squared += error * error
      let ratio = value > 0 ? max(value / expected, expected / value) : .infinity
      var limit = 1.25
      for power in 0..<3 {
        near[power] += ratio < limit ? 1 : 0
        limit *= 1.25
      }
    }
  }

  public var figures: [Figure] {
    guard count > 0 else { return [] }
    let total = Double(count)
    return [
      Figure("absolute_error", absolute / total, isHigherBetter: false, unit: unit),
      Figure("relative_error", relative / total, isHigherBetter: false),
      Figure("rmse", sqrt(squared / total), isHigherBetter: false, unit: unit),
      Figure("delta_1", Double(near[0]) / total, isHigherBetter: true),
      Figure("delta_2", Double(near[1]) / total, isHigherBetter: true),
      Figure("delta_3", Double(near[2]) / total, isHigherBetter: true),
    ]
  }
}
