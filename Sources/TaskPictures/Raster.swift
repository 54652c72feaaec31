/// A picture in memory: red, green, blue of each pixel, row after row.
public struct Raster: Sendable, Equatable {
  public let width: Int
  public let height: Int
  public var pixels: [UInt8]

  /// - Parameter pixels: `width * height * 3` samples.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(pixels.count == width * height * 3, "three samples for each pixel")
    (self.width, self.height) = (width, height)
    self.pixels = pixels
  }

  /// A picture of the colours that `color` has for the pixels, counted row after row.
  init(width: Int, height: Int, _ color: (Int) -> Color) {
    (self.width, self.height) = (width, height)
    pixels = []
    pixels.reserveCapacity(width * height * 3)
    for index in 0..<width * height {
      let color = color(index)
      pixels.append(color.red)
      pixels.append(color.green)
      pixels.append(color.blue)
    }
  }

  subscript(index: Int) -> Color { Color(pixels[3 * index], pixels[3 * index + 1], pixels[3 * index + 2]) }
}
