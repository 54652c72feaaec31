import CImageLibraries
import MTLGraph

/// WebP, lossy or lossless. Animations are refused.
func decodeWebP(_ bytes: [UInt8], name: String) throws(MTLError) -> DecodedImage {
  let container = try WebPContainer(bytes, name: name)
  var configuration = unsafe WebPDecoderConfig()
  guard unsafe WebPInitDecoderConfig(&configuration) != 0 else {
    throw MTLError(.internalFault, name, "the WebP library has another interface than this program was built for")
  }
  unsafe try checkWebP(WebPGetFeatures(bytes, bytes.count, &configuration.input), name)
  guard unsafe configuration.input.has_animation == 0 else {
    throw MTLError(.badFormat, name, expected: "a still WebP picture", found: "an animation")
  }
  let size = unsafe try ImageSize(
    width: Int(configuration.input.width), height: Int(configuration.input.height), name: name)
  let channels = 3
  let pixels = unsafe try makeSamples(capacity: size.pixelCount * channels, name: name) { samples throws(MTLError) in
    unsafe configuration.output.colorspace = MODE_RGB
    unsafe configuration.output.is_external_memory = 1
    unsafe configuration.output.u.RGBA = WebPRGBABuffer(
      rgba: samples.baseAddress, stride: Int32(size.width * channels), size: samples.count)
    unsafe try checkWebP(WebPDecode(bytes, bytes.count, &configuration), name)
    return samples.count
  }
  return DecodedImage(
    width: size.width, height: size.height, channels: channels,
    orientation: container.exif.map(exifOrientation) ?? 1, pixels: pixels)
}

/// The RIFF container around a WebP picture, as far as the decoder does not look into it.
private struct WebPContainer {
  private(set) var exif: ArraySlice<UInt8>?

  init(_ bytes: [UInt8], name: String) throws(MTLError) {
    let headerByteCount = 12
    let end = littleEndian32(bytes, at: 4) + 8
    guard end <= bytes.count else {
      throw MTLError(.badFormat, name, expected: "\(end) bytes of WebP", found: "a file cut to \(bytes.count)")
    }
    var position = headerByteCount
    while position + 8 <= end {
      let payload = position + 8
      let length = littleEndian32(bytes, at: position + 4)
      guard length <= end - payload else {
        throw MTLError(
          .badFormat, name, expected: "a WebP chunk of at most \(end - payload) bytes", found: "one of \(length)")
      }
      if exif == nil, bytes[position..<payload].starts(with: "EXIF".utf8) { exif = bytes[payload..<payload + length] }
      // Chunks begin at even offsets.
      position = payload + length + length % 2
    }
  }
}

private func littleEndian32(_ bytes: [UInt8], at offset: Int) -> Int {
  bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
}

private func checkWebP(_ status: VP8StatusCode, _ name: String) throws(MTLError) {
  let problem: String
  switch status {
  case VP8_STATUS_OK: return
  case VP8_STATUS_OUT_OF_MEMORY: throw MTLError(.outOfMemory, name, "no memory for the WebP library")
  case VP8_STATUS_SUSPENDED, VP8_STATUS_NOT_ENOUGH_DATA: problem = "one that is cut"
  case VP8_STATUS_UNSUPPORTED_FEATURE: problem = "one with an unsupported feature"
  default: problem = "one with damaged data"
  }
  throw MTLError(.badFormat, name, expected: "a whole WebP picture", found: problem)
}
