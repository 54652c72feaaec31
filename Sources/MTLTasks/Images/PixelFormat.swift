/// Order of the 8-bit channels of a pixel. The raw values are those of the C ABI.
public enum PixelFormat: Int32, CaseIterable, Sendable {
  case gray8 = 1
  case rgb8 = 2
  case bgr8 = 3
  case rgba8 = 4
  case bgra8 = 5

  public var name: String { "\(self)" }

  public var bytesPerPixel: Int {
    switch self {
    case .gray8: 1
    case .rgb8, .bgr8: 3
    case .rgba8, .bgra8: 4
    }
  }

  /// Byte offsets of red, green and blue within a pixel; all the same for grey.
  var channelOffsets: (red: Int32, green: Int32, blue: Int32) {
    switch self {
    case .gray8: (0, 0, 0)
    case .rgb8, .rgba8: (0, 1, 2)
    case .bgr8, .bgra8: (2, 1, 0)
    }
  }
}
