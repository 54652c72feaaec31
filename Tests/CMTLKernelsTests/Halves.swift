import TestSupport

/// Halves, which are bfloat16, as the tests see them.
enum Halves {
  static func value(_ half: UInt16) -> Float { Float(bitPattern: UInt32(half) << 16) }

  /// The nearest half by the distances to both neighbours, of two equally near ones the even one. A NaN gives some NaN.
  static func nearest(_ value: Float) -> UInt16 {
    let upper = UInt16(value.bitPattern >> 16)
    if value.isNaN { return upper | 0x40 }
    if value.isInfinite { return upper }
    let magnitude = Double(value.magnitude)
    // Beyond the largest number is what would be the next one, were there no infinity.
    func distance(_ half: UInt16) -> Double {
      let number = Halves.value(half & 0x7FFF)
      return abs(magnitude - (number.isInfinite ? 0x1p128 : Double(number)))
    }
    let (below, above) = (distance(upper), distance(upper + 1))
    return above < below || (above == below && upper % 2 == 1) ? upper + 1 : upper
  }

  /// Random numbers of all magnitudes, ties and what is no number.
  static func floats(_ count: Int, _ random: inout SeededRandom) -> [Float] {
    let specials: [Float] = [
      .nan, -.nan, .infinity, -.infinity, 0, -0.0, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
      Float(bitPattern: 0x7F80_0001), Float(bitPattern: 0xFFFF_FFFF), Float(bitPattern: 0x7F7F_7FFF),
      Float(bitPattern: 0x7F7F_8000),
    ]
    return (0..<count).map { _ in
      switch random.integer(0...9) {
      case 0: return random.pick(specials)
      case 1: return Float(bitPattern: UInt32(truncatingIfNeeded: random.next()) & 0xFFFF_0000 | 0x8000)
      case 2: return Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      default: return Float.random(in: -9...9, using: &random)
      }
    }
  }

  /// Halves of magnitudes from 2^-8 to 1.
  static func halves(_ count: Int, _ random: inout SeededRandom) -> [UInt16] {
    (0..<count).map { _ in
      let bits = random.next()
      return UInt16(truncatingIfNeeded: bits) & 0x807F | UInt16(truncatingIfNeeded: 119 + bits >> 61) << 7
    }
  }

  /// A blocked image of `blocks` blocks of 32, whose channels from `channels` on are zero.
  static func image(blocks: Int, pixels: Int, channels: Int, _ random: inout SeededRandom) -> [UInt16] {
    var image = halves(blocks * pixels * 32, &random)
    for pixel in (blocks - 1) * pixels..<blocks * pixels {
      for lane in channels - (blocks - 1) * 32..<32 { image[pixel * 32 + lane] = 0 }
    }
    return image
  }

  /// Where a channel of a block of 16 is.
  static func place(_ block: Int, _ pixels: Int, _ pixel: Int, _ lane: Int) -> Int {
    (block / 2 * pixels + pixel) * 32 + block % 2 * 16 + lane
  }
}

extension [UInt16] {
  /// The same halves, with one NaN for all.
  func hasSameHalves(as other: [UInt16]) -> Bool {
    count == other.count
      && zip(self, other).allSatisfy { $0 == $1 || (Halves.value($0).isNaN && Halves.value($1).isNaN) }
  }
}
