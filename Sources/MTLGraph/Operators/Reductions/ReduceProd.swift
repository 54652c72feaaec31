/// The product. Along some axes, or all.
public struct ReduceProd: ReductionOperator, StandardOperator {
  public static let name = "ReduceProd"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in ReduceProd(try ReductionSettings(attributes)) }
  ]
  let settings: ReductionSettings

  init(_ settings: ReductionSettings) {
    self.settings = settings
  }

  func join(_ values: [Double]) -> Double { values.reduce(1, *) }
  func join(_ values: [Int]) -> Int { values.reduce(1, &*) }
}
