/// The largest; what is no number wins. Along some axes, or all.
public struct ReduceMax: ReductionOperator, StandardOperator {
  public static let name = "ReduceMax"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in ReduceMax(try ReductionSettings(attributes)) }
  ]
  let settings: ReductionSettings

  init(_ settings: ReductionSettings) {
    self.settings = settings
  }

  func join(_ values: [Double]) -> Double { values.reduce(-.infinity) { $0.isNaN || $0 > $1 ? $0 : $1 } }
  func join(_ values: [Int]) -> Int { values.max() ?? .min }
}
