/// The part of a JPEG file's structure that the decoder does not report.
struct JPEGMarkers {
  /// The first EXIF block.
  private(set) var exif: ArraySlice<UInt8>?
  /// Whether the end-of-image marker is there. Without it the file was cut, which the decoder only warns about.
  private(set) var hasEnd = false

  /// Walks the markers of `bytes` as the decoder does, stepping over bytes that belong to none.
  init(_ bytes: [UInt8]) {
    var position = 2
    while let marker = Self.nextMarker(in: bytes, from: &position) {
      if marker == Self.endOfImage {
        hasEnd = true
        return
      }
      if Self.isAlone(marker) { continue }
      guard position + 2 <= bytes.count else { return }
      let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
      guard length >= 2, position + length <= bytes.count else { return }
      let payload = bytes[position + 2..<position + length]
      if marker == Self.application1, exif == nil, payload.starts(with: exifPrefix) { exif = payload }
      position += length
    }
  }

  private static let endOfImage: UInt8 = 0xD9
  private static let application1: UInt8 = 0xE1

  /// Markers without a length: restarts and start of image inside coded data, and the temporary marker.
  private static func isAlone(_ marker: UInt8) -> Bool { 0xD0...0xD8 ~= marker || marker == 0x01 }

  /// The next marker at or after `position`, which moves behind it. Coded data is stepped over on the way: there 0xFF
  /// is followed by zero.
  private static func nextMarker(in bytes: [UInt8], from position: inout Int) -> UInt8? {
    while position + 1 < bytes.count {
      let code = bytes[position + 1]
      if bytes[position] == 0xFF, code != 0x00, code != 0xFF {
        position += 2
        return code
      }
      position += 1
    }
    return nil
  }
}
