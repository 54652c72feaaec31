import MTLGraph

/// JPEG, PNG and WebP files to pixels, with the values that Pillow gives, and pixels to PNG.
///
/// What a file is, its bytes decide, never its extension. Whatever the bytes are, the answer is a picture or an error
/// that names the file.
public enum ImageFile {
  /// The longest side that is decoded.
  public static let maximumSide = 16_384
  /// The most pixels that are decoded.
  public static let maximumPixelCount = 128 << 20

  /// Decodes one image file that is already in memory. `name` is what errors call it.
  ///
  /// Grey pictures have one channel, all others three. Alpha is dropped, not blended, and neither gamma nor colour
  /// profiles are applied. Samples of 16 bits keep their high byte; Pillow does the same for colour, but clips 16-bit
  /// grey to 255.
  public static func decode(_ bytes: [UInt8], name: String) throws(MTLError) -> DecodedImage {
    switch ImageFormat(bytes) {
    case .jpeg: try decodeJPEG(bytes, name: name)
    case .png: try decodePNG(bytes, name: name)
    case .webp: try decodeWebP(bytes, name: name)
    case .other(let description):
      throw MTLError(.badFormat, name, expected: "a JPEG, PNG or WebP picture", found: description)
    }
  }

  /// Reads and decodes one image file.
  public static func read(path: String) throws(MTLError) -> DecodedImage {
    try decode(readFile(path: path), name: path)
  }

  /// Whether the first bytes of the file are those of a JPEG, PNG or WebP picture; false also for what cannot be read.
  public static func isImage(path: String) -> Bool {
    switch ImageFormat(readPrefix(path: path, byteCount: ImageFormat.signatureByteCount)) {
    case .jpeg, .png, .webp: true
    case .other: false
    }
  }
}
