/// 256 numbers a step apart, zero among them: what eight bits say of a value. q stands for (q - zero point) * scale.
///
/// Signed grids of other formats are the same numbers with a zero point that is 128 larger.
public struct ByteGrid: Hashable, Sendable {
  /// Products of a byte and a signed byte that are certain to add up within 32 bits.
  public static let largestProductCount = Int(Int32.max) / (255 * 128)

  /// Distance of neighbours; above zero and finite.
  public let scale: Float
  public let zeroPoint: UInt8

  /// nil for a scale that is no step: zero, negative, no number, or so small that its inverse is infinite.
  public init?(scale: Float, zeroPoint: UInt8) {
    guard scale > 0, scale.isFinite, (1 / scale).isFinite else { return nil }
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// The narrowest grid that reaches from `low` to `high` and has zero in its place exactly; nil where there is none.
  public init?(covering low: Float, _ high: Float) {
    let (low, high) = (min(low, 0), max(high, 0))
    let scale = high / 255 - low / 255
    guard scale > 0, scale.isFinite else { return nil }
    self.init(scale: scale, zeroPoint: UInt8(min((-low / scale).rounded(), 255)))
  }

  /// What values are multiplied with; kernels do not divide.
  public var inverseScale: Float { 1 / scale }

  /// The nearest number of the grid, of two the one that is even before the zero point is added. What is no number becomes
  /// the smallest one.
  public func code(of value: Float) -> UInt8 {
    let (low, high) = (-Float(zeroPoint), 255 - Float(zeroPoint))
    let scaled = value * inverseScale
    guard scaled > low else { return 0 }
    return UInt8(min(scaled, high).rounded(.toNearestOrEven) - low)
  }

  public func value(of code: UInt8) -> Float { Float(Int(code) - Int(zeroPoint)) * scale }
}

/// To the nearest of the 256 numbers of a grid, as QuantizeLinear and DequantizeLinear do it together. Engines keep such a
/// value in bytes.
public struct FakeQuantize: ElementwiseOperator {
  public static let name = "FakeQuantize"
  public let grid: ByteGrid

  public init(grid: ByteGrid) {
    self.grid = grid
  }

  public func apply(_ value: Float) -> Float { grid.value(of: grid.code(of: value)) }
}
