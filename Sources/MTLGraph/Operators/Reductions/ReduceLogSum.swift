import Glibc

/// The logarithm of the sum. Along some axes, or all.
public struct ReduceLogSum: ReductionOperator, StandardOperator {
  public static let name = "ReduceLogSum"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in ReduceLogSum(try ReductionSettings(attributes)) }
  ]
  let settings: ReductionSettings

  init(_ settings: ReductionSettings) {
    self.settings = settings
  }

  func join(_ values: [Double]) -> Double { log(values.reduce(0, +)) }
}
