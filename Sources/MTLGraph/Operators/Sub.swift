/// left - right, with broadcasting.
public struct Sub: BinaryOperator {
  public static let name = "Sub"
  public init() {}
  public func apply(_ left: Float, _ right: Float) -> Float { left - right }
}
