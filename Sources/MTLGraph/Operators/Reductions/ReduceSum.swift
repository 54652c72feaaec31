/// The sum. Along some axes, or all.
public struct ReduceSum: ReductionOperator, StandardOperator {
  public static let name = "ReduceSum"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in ReduceSum(try ReductionSettings(attributes)) }
  ]
  let settings: ReductionSettings

  init(_ settings: ReductionSettings) {
    self.settings = settings
  }

  func join(_ values: [Double]) -> Double { values.reduce(0, +) }
  func join(_ values: [Int]) -> Int { values.reduce(0, &+) }
}
