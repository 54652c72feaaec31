/// left / right, with broadcasting.
public struct Div: BinaryOperator {
  public static let name = "Div"
  public init() {}
  public func apply(_ left: Float, _ right: Float) -> Float { left / right }
}
