import Glibc

/// The remainder of a division, with the divisor's sign, or with `fmod` the dividend's. Anything by zero leaves zero in
/// integers.
public struct Mod: BinaryOperator, StandardOperator {
  public static let name = "Mod"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in Mod(followsDividend: try attributes.flag("fmod")) }
  ]
  private let followsDividend: Bool

  public init(followsDividend: Bool = false) {
    self.followsDividend = followsDividend
  }

  public func apply(_ left: Float, _ right: Float) -> Float {
    Float(apply(Double(left), Double(right)))
  }

  public func apply(_ left: Double, _ right: Double) -> Double {
    let rest = fmod(left, right)
    return !followsDividend && rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest
  }

  public func apply(_ left: Int, _ right: Int) -> Int {
    guard right != 0, right != -1 else { return 0 }
    let rest = left % right
    return !followsDividend && rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest
  }
}
