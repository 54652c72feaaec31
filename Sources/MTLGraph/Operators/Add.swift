/// left + right, with broadcasting.
public struct Add: BinaryOperator, StandardOperator {
  public static let name = "Add"
  public static let imports = [OperatorImport(name) { _ in Add() }]
  public init() {}
  public func apply(_ left: Float, _ right: Float) -> Float { left + right }
  public func apply(_ left: Double, _ right: Double) -> Double { left + right }
  public func apply(_ left: Int, _ right: Int) -> Int { left &+ right }
}
