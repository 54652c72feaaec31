/// The smallest; what is no number wins.
public struct Min: VariadicOperator, StandardOperator {
  public static let name = "Min"
  public static let imports = [OperatorImport(name) { _ in Min() }]
  public init() {}
  var pairwise: (any Operator)? { nil }
  func join(_ values: [Double]) -> Double { values.reduce(.infinity) { $0.isNaN || $0 < $1 ? $0 : $1 } }
}
