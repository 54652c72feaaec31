/// The square root of the sum of squares. Along some axes, or all.
public struct ReduceL2: ReductionOperator, StandardOperator {
  public static let name = "ReduceL2"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in ReduceL2(try ReductionSettings(attributes)) }
  ]
  let settings: ReductionSettings

  init(_ settings: ReductionSettings) {
    self.settings = settings
  }

  func join(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}
