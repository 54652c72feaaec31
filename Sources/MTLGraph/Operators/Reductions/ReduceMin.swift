/// The smallest; what is no number wins. Along some axes, or all.
public struct ReduceMin: ReductionOperator, StandardOperator {
  public static let name = "ReduceMin"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in ReduceMin(try ReductionSettings(attributes)) }
  ]
  let settings: ReductionSettings

  init(_ settings: ReductionSettings) {
    self.settings = settings
  }

  func join(_ values: [Double]) -> Double { values.reduce(.infinity) { $0.isNaN || $0 < $1 ? $0 : $1 } }
  func join(_ values: [Int]) -> Int { values.min() ?? .max }
}
