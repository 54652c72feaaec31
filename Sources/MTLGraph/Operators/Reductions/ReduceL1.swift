/// The sum of magnitudes. Along some axes, or all.
public struct ReduceL1: ReductionOperator, StandardOperator {
  public static let name = "ReduceL1"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in ReduceL1(try ReductionSettings(attributes)) }
  ]
  let settings: ReductionSettings

  init(_ settings: ReductionSettings) {
    self.settings = settings
  }

  func join(_ values: [Double]) -> Double { values.reduce(0) { $0 + abs($1) } }
}
