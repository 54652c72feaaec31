import Glibc

/// 1 / (1 + exp(-x))
public struct Sigmoid: ElementwiseOperator, StandardOperator {
  public static let name = "Sigmoid"
  public static let imports = [OperatorImport(name) { _ in Sigmoid() }]
  public init() {}
  public func apply(_ value: Float) -> Float { 1 / (1 + exp(-value)) }
}
