import Glibc

/// A colour of a picture, sRGB.
public struct Color: Sendable, Equatable {
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8

  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    (self.red, self.green, self.blue) = (red, green, blue)
  }

  public static let white = Color(255, 255, 255)
  public static let ink = Color(32, 33, 36)
  public static let paper = Color(250, 250, 248)

  /// The colour of a class: Pascal VOC's colour map, which spreads the bits of the index over the high bits of red, green
  /// and blue (VOCcode, `VOClabelcolormap`). Class 0 is black.
  public static func ofClass(_ index: Int) -> Color {
    var parts: [UInt8] = [0, 0, 0]
    var rest = index
    for bit in (0..<8).reversed() {
      for channel in 0..<3 { parts[channel] |= UInt8(rest >> channel & 1) << UInt8(bit) }
      rest >>= 3
    }
    return Color(parts[0], parts[1], parts[2])
  }

  /// The other colour over this one.
  func mixed(with other: Color, share: Float) -> Color {
    func mix(_ a: UInt8, _ b: UInt8) -> UInt8 { UInt8(min(max(Float(a) + (Float(b) - Float(a)) * share, 0), 255)) }
    return Color(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
  }
}

/// Colours for numbers, from dark violet over red to bright yellow. Lightness grows evenly in Oklab (Ottosson, "A
/// perceptual color space for image processing", 2020), so that equal steps look equal, also in grey.
public struct ColorRamp: Sendable {
  private let colors: [Color]

  public static let standard = ColorRamp()

  private init() {
    colors = (0..<256).map { step in
      let position = Double(step) / 255
      // From violet (300 degrees) to yellow (100) the short way over red.
      let hue = (300 + 160 * position) * Double.pi / 180
      let chroma = 0.05 + 0.13 * sin(Double.pi * (0.15 + 0.7 * position))
      return ColorRamp.color(lightness: 0.2 + 0.72 * position, a: chroma * cos(hue), b: chroma * sin(hue))
    }
  }

  /// The colour at a place from 0 to 1; what lies outside has that of the nearer end.
  public func color(_ position: Float) -> Color {
    position.isNaN ? Color(128, 128, 128) : colors[Int(min(max(position, 0), 1) * 255)]
  }

  /// Oklab to sRGB, clipped.
  private static func color(lightness: Double, a: Double, b: Double) -> Color {
    let l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b)
    let m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b)
    let s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b)
    return Color(
      encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
      encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
      encoded(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s))
  }

  private static func cube(_ value: Double) -> Double { value * value * value }

  private static func encoded(_ linear: Double) -> UInt8 {
    let value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055
    return UInt8(min(max(value, 0), 1) * 255 + 0.5)
  }
}
