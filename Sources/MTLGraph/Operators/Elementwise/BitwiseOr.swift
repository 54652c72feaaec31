/// The bits that one of them has.
public struct BitwiseOr: BinaryOperator, StandardOperator {
  public static let name = "BitwiseOr"
  public static let imports = [OperatorImport(name) { _ in BitwiseOr() }]
  public init() {}
  public func apply(_ left: Float, _ right: Float) -> Float {
    Float(Int(saturating: Double(left)) | Int(saturating: Double(right)))
  }
  public func apply(_ left: Double, _ right: Double) -> Double {
    Double(Int(saturating: left) | Int(saturating: right))
  }
  public func apply(_ left: Int, _ right: Int) -> Int { left | right }
}
