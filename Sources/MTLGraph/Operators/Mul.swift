/// left * right, with broadcasting.
public struct Mul: BinaryOperator {
  public static let name = "Mul"
  public init() {}
  public func apply(_ left: Float, _ right: Float) -> Float { left * right }
}
