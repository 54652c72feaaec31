/// left + right, with broadcasting.
public struct Add: BinaryOperator {
  public static let name = "Add"
  public init() {}
  public func apply(_ left: Float, _ right: Float) -> Float { left + right }
}
