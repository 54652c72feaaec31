import CImageLibraries
import MTLGraph

/// JPEG by libjpeg-turbo's defaults, which are Pillow's: accurate inverse transform, smooth chroma upsampling.
func decodeJPEG(_ bytes: [UInt8], name: String) throws(MTLError) -> DecodedImage {
  guard let handle = unsafe tjInitDecompress() else {
    throw MTLError(.outOfMemory, name, "the JPEG decoder cannot start")
  }
  defer { unsafe tjDestroy(handle) }
  let header = unsafe try readJPEGHeader(bytes, handle, name: name)
  let markers = JPEGMarkers(bytes)
  guard markers.hasEnd else {
    throw MTLError(
      .badFormat, name, expected: "an end-of-image marker", found: "a JPEG file cut after \(bytes.count) bytes")
  }
  let size = header.size
  let capacity = size.pixelCount * header.layout.decodedChannels
  let pixels = unsafe try makeSamples(capacity: capacity, name: name) { samples throws(MTLError) in
    unsafe try decompress(bytes, handle, header, into: samples, name: name)
    guard header.layout == .inks else { return capacity }
    return unsafe convertInksToColour(samples, pixelCount: size.pixelCount)
  }
  return DecodedImage(
    width: size.width, height: size.height, channels: header.layout.channels,
    orientation: markers.exif.map(exifOrientation) ?? 1, pixels: pixels)
}

private struct JPEGHeader {
  let size: ImageSize
  let layout: JPEGLayout
}

/// What a JPEG file is decoded to. `inks` is cyan, magenta, yellow and black, inverted as Adobe writes them.
private enum JPEGLayout {
  case grey
  case colour
  case inks

  var channels: Int { self == .grey ? 1 : 3 }
  var decodedChannels: Int { self == .inks ? 4 : channels }

  var pixelFormat: TJPF {
    switch self {
    case .grey: TJPF_GRAY
    case .colour: TJPF_RGB
    case .inks: TJPF_CMYK
    }
  }
}

private func readJPEGHeader(_ bytes: [UInt8], _ handle: tjhandle, name: String) throws(MTLError) -> JPEGHeader {
  var width: Int32 = 0
  var height: Int32 = 0
  var subsampling: Int32 = -1
  var colourSpace: Int32 = -1
  let status = unsafe tjDecompressHeader3(
    handle, bytes, UInt(bytes.count), &width, &height, &subsampling, &colourSpace)
  // A chroma subsampling without a name is reported as a failure, but is decoded well.
  guard status == 0 || (width > 0 && height > 0) else { throw unsafe jpegError(handle, name) }
  let size = try ImageSize(width: Int(width), height: Int(height), name: name)
  let layout: JPEGLayout
  switch TJCS(UInt32(bitPattern: colourSpace)) {
  case TJCS_GRAY: layout = .grey
  case TJCS_RGB, TJCS_YCbCr: layout = .colour
  case TJCS_CMYK, TJCS_YCCK: layout = .inks
  default:
    throw MTLError(.badFormat, name, expected: "1, 3 or 4 JPEG colour components", found: "another number of them")
  }
  return JPEGHeader(size: size, layout: layout)
}

private func decompress(
  _ bytes: [UInt8], _ handle: tjhandle, _ header: JPEGHeader, into samples: UnsafeMutableBufferPointer<UInt8>,
  name: String
) throws(MTLError) {
  // A progressive file may repeat scans without end, each of which passes over the whole picture.
  let flags = TJFLAG_LIMITSCANS
  let status = unsafe tjDecompress2(
    handle, bytes, UInt(bytes.count), samples.baseAddress, Int32(header.size.width), 0, Int32(header.size.height),
    header.layout.pixelFormat.rawValue, flags)
  guard status != 0 else { return }
  // The first warning is kept. Those about data that ran out mean that a part of the picture is invented.
  let isWarning = unsafe tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue)
  let message = unsafe String(cString: tjGetErrorStr2(handle))
  if isWarning, !message.lowercased().contains("premature end") { return }
  throw unsafe jpegError(handle, name)
}

private func jpegError(_ handle: tjhandle, _ name: String) -> MTLError {
  let message = unsafe String(cString: tjGetErrorStr2(handle))
  return MTLError(.badFormat, name, expected: "a whole JPEG picture", found: "one with an error: \(message)")
}

/// Turns inverted inks into red, green and blue in place, with Pillow's rounding, and returns the bytes left.
private func convertInksToColour(_ samples: UnsafeMutableBufferPointer<UInt8>, pixelCount: Int) -> Int {
  for pixel in 0..<pixelCount {
    let light = unsafe Int(samples[pixel * 4 + 3])
    for channel in 0..<3 {
      let ink = unsafe 255 - Int(samples[pixel * 4 + channel])
      let product = ink * light + 128
      let absorbed = (product >> 8 + product) >> 8
      unsafe samples[pixel * 3 + channel] = UInt8(clamping: light - absorbed)
    }
  }
  return pixelCount * 3
}
