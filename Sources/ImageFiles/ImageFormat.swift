/// What a file is, by its first bytes.
enum ImageFormat {
  case jpeg
  case png
  case webp
  /// Not ours: what it looks like, for the error.
  case other(String)

  /// As many first bytes as tell the three formats.
  static let signatureByteCount = 12

  init(_ bytes: [UInt8]) {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: Self.pngSignature) {
      self = .png
    } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
      self = .webp
    } else {
      self = .other(Self.describe(bytes))
    }
  }

  private static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// First bytes of what is found where a picture was expected.
  private static let lookalikes: [(prefix: [UInt8], description: String)] = [
    (Array("GIF8".utf8), "a GIF picture"),
    (Array("BM".utf8), "a BMP picture"),
    ([0x49, 0x49, 0x2A, 0x00], "a TIFF picture"),
    ([0x4D, 0x4D, 0x00, 0x2A], "a TIFF picture"),
    ([0xFF, 0x0A], "a JPEG XL picture"),
    ([0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58, 0x4C, 0x20], "a JPEG XL picture"),
    ([0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000 picture"),
    ([0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50, 0x20, 0x20], "a JPEG 2000 picture"),
    ([0x00, 0x00, 0x01, 0x00], "an icon file"),
    (Array("8BPS".utf8), "a Photoshop file"),
    (Array("P5".utf8), "a PGM picture"),
    (Array("P6".utf8), "a PPM picture"),
    (Array("%PDF".utf8), "a PDF document"),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array"),
    (Array("PK\u{3}\u{4}".utf8), "a ZIP archive"),
    ([0x1F, 0x8B], "a gzip file"),
    (Array("RIFF".utf8), "a RIFF file that is not WebP"),
    ([0x89] + Array("PNG".utf8), "a PNG picture whose signature was damaged, as by a transfer in text mode"),
    (Array("version https://git-lfs".utf8), "a Git LFS pointer, the picture itself was not fetched"),
  ]

  private static func describe(_ bytes: [UInt8]) -> String {
    if bytes.isEmpty { return "an empty file" }
    if let match = lookalikes.first(where: { bytes.starts(with: $0.prefix) }) { return match.description }
    if bytes.dropFirst(4).starts(with: "ftyp".utf8) { return describeMedia(brand: bytes.dropFirst(8).prefix(4)) }
    return describeMarkup(bytes) ?? "unknown bytes that begin \(hexadecimal(bytes.prefix(8)))"
  }

  /// Files of the ISO base media family differ in their brand only.
  private static func describeMedia(brand: ArraySlice<UInt8>) -> String {
    switch String(decoding: brand, as: UTF8.self) {
    case "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1": "a HEIC picture"
    case "avif", "avis": "an AVIF picture"
    default: "a video or other media file"
    }
  }

  /// A web page or drawing, which may begin with a byte order mark, blanks and letters of either case.
  private static func describeMarkup(_ bytes: [UInt8]) -> String? {
    var start = bytes.prefix(256)
    if start.starts(with: [0xEF, 0xBB, 0xBF]) { start = start.dropFirst(3) }
    let trimmed = start.drop { [0x09, 0x0A, 0x0D, 0x20].contains($0) }
    let text = String(decoding: trimmed, as: UTF8.self).lowercased()
    if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") { return "an HTML page" }
    if text.hasPrefix("<svg") || (text.hasPrefix("<?xml") && text.contains("<svg")) { return "an SVG drawing" }
    if text.hasPrefix("<") { return "an XML or HTML text" }
    return nil
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}
