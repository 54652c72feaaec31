/// The sum of squares. Along some axes, or all.
public struct ReduceSumSquare: ReductionOperator, StandardOperator {
  public static let name = "ReduceSumSquare"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in ReduceSumSquare(try ReductionSettings(attributes)) }
  ]
  let settings: ReductionSettings

  init(_ settings: ReductionSettings) {
    self.settings = settings
  }

  func join(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
  func join(_ values: [Int]) -> Int { values.reduce(0) { $0 &+ $1 &* $1 } }
}
