import CImageLibraries
import MTLGraph

/// The whole numbers of a PNG picture as they are stored: labels of a palette or of grey, depth of 16 bits, or the three
/// numbers of a colour.
public struct StoredSamples: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// Numbers for each pixel: 1, or 3 for colour.
  public let channels: Int
  /// Bits of a number.
  public let bits: Int
  /// Row by row.
  public let values: [UInt16]
}

extension ImageFile {
  /// Reads a PNG file without applying its palette, and without scaling numbers to 8 bits. Alpha is dropped; orientation
  /// is not applied.
  public static func readSamples(path: String) throws(MTLError) -> StoredSamples {
    let bytes = try readFile(path: path)
    guard case .png = ImageFormat(bytes) else {
      throw MTLError(.badFormat, path, expected: "a PNG picture", found: "another file")
    }
    return try decodePNGSamples(bytes, name: path)
  }
}

func decodePNGSamples(_ bytes: [UInt8], name: String) throws(MTLError) -> StoredSamples {
  unsafe try withPNG(bytes, name: name) { context, header throws(MTLError) in
    let perPixel = storedChannels(header.color_type)
    let size = try ImageSize(width: Int(header.width), height: Int(header.height), name: name)
    let depth = Int(header.bit_depth)
    let rowBytes = (size.width * perPixel * depth + 7) / 8
    // In the order of this machine, and several samples in a byte where they have fewer than 8 bits. The decoder sets single
    // bits of interlaced pictures, so that the bytes must be zero before.
    let packed = unsafe try makeSamples(capacity: rowBytes * size.height, name: name) { samples throws(MTLError) in
      unsafe samples.initialize(repeating: 0)
      let format = Int32(bitPattern: SPNG_FMT_PNG.rawValue)
      unsafe try checkPNG(spng_decode_image(context, samples.baseAddress, samples.count, format, 0), name)
      return rowBytes * size.height
    }
    let kept = perPixel == 4 ? 3 : perPixel == 2 ? 1 : perPixel
    var values: [UInt16] = []
    values.reserveCapacity(size.pixelCount * kept)
    for row in 0..<size.height {
      for column in 0..<size.width {
        for channel in 0..<kept {
          values.append(sample(packed, row * rowBytes, column * perPixel + channel, depth))
        }
      }
    }
    return StoredSamples(width: size.width, height: size.height, channels: kept, bits: depth, values: values)
  }
}

private func storedChannels(_ type: UInt8) -> Int {
  switch spng_color_type(UInt32(type)) {
  case SPNG_COLOR_TYPE_TRUECOLOR: 3
  case SPNG_COLOR_TYPE_TRUECOLOR_ALPHA: 4
  case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA: 2
  default: 1
  }
}

/// One sample of a row that starts at `start`.
private func sample(_ bytes: [UInt8], _ start: Int, _ index: Int, _ depth: Int) -> UInt16 {
  switch depth {
  case 16:
    let place = start + 2 * index
    let (low, high) = (UInt16(bytes[place]), UInt16(bytes[place + 1]))
    return 1.littleEndian == 1 ? high << 8 | low : low << 8 | high
  case 8: return UInt16(bytes[start + index])
  default:
    let bit = index * depth
    return UInt16(bytes[start + bit / 8] >> UInt8(8 - depth - bit % 8)) & (1 << UInt16(depth) - 1)
  }
}
