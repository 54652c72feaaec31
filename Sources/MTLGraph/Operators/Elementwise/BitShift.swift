/// The bits moved up or down.
public struct BitShift: BinaryOperator, StandardOperator {
  public enum Direction: String, Sendable, CaseIterable {
    case left = "LEFT"
    case right = "RIGHT"
  }

  public static let name = "BitShift"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      BitShift(try attributes.choice("direction", default: Direction.left))
    }
  ]
  private let direction: Direction

  public init(_ direction: Direction) {
    self.direction = direction
  }

  public func apply(_ left: Float, _ right: Float) -> Float { left }

  public func apply(_ left: Int, _ right: Int) -> Int {
    let bits = UInt64(bitPattern: Int64(left))
    let count = UInt64(bitPattern: Int64(right))
    return Int(Int64(bitPattern: direction == .left ? bits << count : bits >> count))
  }
}
