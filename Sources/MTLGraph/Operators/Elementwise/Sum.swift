/// The sum.
public struct Sum: VariadicOperator, StandardOperator {
  public static let name = "Sum"
  public static let imports = [OperatorImport(name) { _ in Sum() }]
  public init() {}
  var pairwise: (any Operator)? { Add() }
  func join(_ values: [Double]) -> Double { values.reduce(0, +) }
}
