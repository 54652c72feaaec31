/// To the nearest bfloat16, which is a float32 without its 16 low bits; of two the one whose last bit is 0. Engines keep such
/// a value in 16 bits where the processor multiplies these.
public struct RoundToBFloat16: ElementwiseOperator {
  public static let name = "RoundToBFloat16"

  public init() {}

  public func apply(_ value: Float) -> Float { value.roundedToBFloat16 }
}

extension Float {
  /// What is no number stays none.
  package var roundedToBFloat16: Float { Float(bitPattern: UInt32(bitsAsBFloat16) << 16) }

  package var bitsAsBFloat16: UInt16 {
    if isNaN { return 0x7FC0 }
    return UInt16(truncatingIfNeeded: (bitPattern &+ 0x7FFF &+ (bitPattern >> 16 & 1)) >> 16)
  }
}
