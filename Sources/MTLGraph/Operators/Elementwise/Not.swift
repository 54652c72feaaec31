/// Whether it is false.
public struct Not: ElementwiseOperator, StandardOperator {
  public static let name = "Not"
  public static let imports = [OperatorImport(name) { _ in Not() }]
  public init() {}
  public func apply(_ value: Float) -> Float { value == 0 ? 1 : 0 }
  public func apply(_ value: Int) -> Int { value == 0 ? 1 : 0 }
}
