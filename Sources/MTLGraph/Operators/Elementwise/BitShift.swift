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
    // A negative number of places is as good as more than there are.
    let count = right < 0 ? 64 : right
    return direction == .left ? left << count : left >> count
  }
}
