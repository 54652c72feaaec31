import Glibc

/// The natural logarithm.
public struct Log: ElementwiseOperator, StandardOperator {
  public static let name = "Log"
  public static let imports = [OperatorImport(name) { _ in Log() }]
  public init() {}
  public func apply(_ value: Float) -> Float { log(value) }
  public func apply(_ value: Double) -> Double { log(value) }
}
