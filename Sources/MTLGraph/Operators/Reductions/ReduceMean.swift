/// The mean. Along some axes, or all.
public struct ReduceMean: ReductionOperator, StandardOperator {
  public static let name = "ReduceMean"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in ReduceMean(try ReductionSettings(attributes)) }
  ]
  let settings: ReductionSettings

  init(_ settings: ReductionSettings) {
    self.settings = settings
  }

  func join(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
  var overPixels: (any Operator)? { GlobalAveragePool() }
}
