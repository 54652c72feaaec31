import Glibc

/// The logarithm of the sum of exponentials, with the maximum subtracted first. Along some axes, or all.
public struct ReduceLogSumExp: ReductionOperator, StandardOperator {
  public static let name = "ReduceLogSumExp"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in ReduceLogSumExp(try ReductionSettings(attributes)) }
  ]
  let settings: ReductionSettings

  init(_ settings: ReductionSettings) {
    self.settings = settings
  }

  func join(_ values: [Double]) -> Double {
    let largest = values.max() ?? -.infinity
    guard largest.isFinite else { return largest }
    return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
  }
}
