import MTLGraph
import Testing

@testable import ImageFiles

/// Whatever the bytes are, the answer is an error or a picture whose numbers agree.
@Suite struct HostileTests {
  static let victims = [
    "orientation-6.jpg", "progressive.jpg", "cmyk.jpg", "grey.jpg", "restarts.jpg", "exif.png", "palette4.png",
    "grey16-interlaced.png", "palette-transparent.png", "lossless.webp", "lossy.webp", "exif.webp", "alpha-lossy.webp",
  ]

  @Test(arguments: victims) func everyTruncationIsAnError(_ name: String) throws {
    let whole = try fixture(name)
    for count in whole.indices {
      let cut = Array(whole.prefix(count))
      let error = failure { () throws(MTLError) in try ImageFile.decode(cut, name: name) }
      #expect(error?.subject == name, "cut to \(count) of \(whole.count) bytes")
    }
  }

  @Test(arguments: victims) func everyChangedByteIsAnErrorOrAPicture(_ name: String) throws {
    let whole = try fixture(name)
    for index in whole.indices {
      for change: UInt8 in [0x01, 0x80, 0xFF] {
        var bytes = whole
        bytes[index] ^= change
        expectPictureOrError(bytes, name: name)
      }
    }
  }

  /// Checksums cover every chunk, and the signature decides the format.
  @Test(arguments: ["exif.png", "palette4.png", "grey16-interlaced.png"])
  func everyChangedByteOfPNGIsAnError(_ name: String) throws {
    let whole = try fixture(name)
    for index in whole.indices {
      var bytes = whole
      bytes[index] ^= 0x10
      #expect(failure { () throws(MTLError) in try ImageFile.decode(bytes, name: name) } != nil, "byte \(index)")
    }
  }

  @Test(arguments: victims) func scatteredDamageIsAnErrorOrAPicture(_ name: String) throws {
    let whole = try fixture(name)
    var random = SplitMix(state: 1)
    for _ in 0..<300 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
      }
      expectPictureOrError(bytes, name: name)
    }
  }

  private func expectPictureOrError(_ bytes: [UInt8], name: String) {
    guard let image = try? ImageFile.decode(bytes, name: name) else { return }
    let sampleCount = image.width * image.height * image.channels
    #expect(image.pixels.count == sampleCount)
    #expect(sampleCount > 0 && [1, 3].contains(image.channels) && 1...8 ~= image.orientation)
  }
}

/// The same numbers in every run.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
