/// The mean.
public struct Mean: VariadicOperator, StandardOperator {
  public static let name = "Mean"
  public static let imports = [OperatorImport(name) { _ in Mean() }]
  public init() {}
  var pairwise: (any Operator)? { nil }
  func join(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
