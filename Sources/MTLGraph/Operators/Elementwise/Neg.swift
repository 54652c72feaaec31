/// -x
public struct Neg: ElementwiseOperator, StandardOperator {
  public static let name = "Neg"
  public static let imports = [OperatorImport(name) { _ in Neg() }]
  public init() {}
  public func apply(_ value: Float) -> Float { -value }
  public func apply(_ value: Double) -> Double { -value }
  public func apply(_ value: Int) -> Int { 0 &- value }
}
