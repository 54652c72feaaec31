/// Every bit turned.
public struct BitwiseNot: ElementwiseOperator, StandardOperator {
  public static let name = "BitwiseNot"
  public static let imports = [OperatorImport(name) { _ in BitwiseNot() }]
  public init() {}
  public func apply(_ value: Float) -> Float { Float(apply(Int(saturating: Double(value)))) }
  public func apply(_ value: Int) -> Int { ~value }
}
