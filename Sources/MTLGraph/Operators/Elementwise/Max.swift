/// The largest; what is no number wins.
public struct Max: VariadicOperator, StandardOperator {
  public static let name = "Max"
  public static let imports = [OperatorImport(name) { _ in Max() }]
  public init() {}
  var pairwise: (any Operator)? { nil }
  func join(_ values: [Double]) -> Double { values.reduce(-.infinity) { $0.isNaN || $0 > $1 ? $0 : $1 } }
}
