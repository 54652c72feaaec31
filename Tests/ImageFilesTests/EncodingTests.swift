import MTLGraph
import Testing

@testable import ImageFiles

@Suite struct EncodingTests {
  @Test(arguments: [(1, 1, 1), (1, 1, 3), (13, 7, 1), (13, 7, 3), (300, 2, 3)])
  func pixelsComeBack(_ width: Int, _ height: Int, _ channels: Int) throws {
    let pixels = (0..<width * height * channels).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 3) }
    let file = try ImageFile.encodePNG(width: width, height: height, channels: channels, pixels: pixels)
    let image = try ImageFile.decode(file, name: "round trip")
    #expect(
      image == DecodedImage(width: width, height: height, channels: channels, orientation: 1, pixels: pixels))
  }

  @Test(arguments: [2, 4]) func alphaIsWritten(_ channels: Int) throws {
    let pixels = (0..<6 * channels).map { UInt8($0 * 9) }
    let file = try ImageFile.encodePNG(width: 3, height: 2, channels: channels, pixels: pixels)
    // The colour type in the header: 4 is grey with alpha, 6 is colour with alpha.
    #expect(file[25] == (channels == 2 ? 4 : 6))
    let image = try ImageFile.decode(file, name: "round trip")
    let opaque = pixels.enumerated().filter { $0.offset % channels != channels - 1 }.map(\.element)
    #expect(image.pixels == opaque)
  }

  @Test func refusesNumbersThatDoNotAgree() {
    func kind(_ width: Int, _ height: Int, _ channels: Int, _ count: Int) -> MTLError.Kind? {
      failure { () throws(MTLError) in
        try ImageFile.encodePNG(
          width: width, height: height, channels: channels, pixels: [UInt8](repeating: 0, count: count))
      }?.kind
    }
    #expect(kind(2, 2, 3, 11) == .invalidArgument)
    #expect(kind(2, 2, 5, 20) == .invalidArgument)
    #expect(kind(0, 2, 3, 0) == .invalidArgument)
    #expect(kind(.max, .max, 3, 0) == .invalidArgument)
    #expect(kind(-1, 2, 3, 0) == .invalidArgument)
  }
}
