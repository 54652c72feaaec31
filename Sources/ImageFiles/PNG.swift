import CImageLibraries
import MTLGraph

/// PNG of every colour type and depth, interlaced or not. Every checksum is verified.
func decodePNG(_ bytes: [UInt8], name: String) throws(MTLError) -> DecodedImage {
  unsafe try withPNG(bytes, name: name) { context, header throws(MTLError) in
    let size = try ImageSize(width: Int(header.width), height: Int(header.height), name: name)
    let layout = PNGLayout(header)
    let pixels = unsafe try decodePixels(context, size, layout, name: name)
    // What follows the pixels: checksums, and EXIF data that some writers put there.
    unsafe try checkPNG(spng_decode_chunks(context), name)
    return DecodedImage(
      width: size.width, height: size.height, channels: layout.channels, orientation: unsafe pngOrientation(context),
      pixels: pixels)
  }
}

/// Opens a PNG file in memory and reads its header.
func withPNG<Answer>(
  _ bytes: [UInt8], name: String, _ body: (OpaquePointer, spng_ihdr) throws(MTLError) -> Answer
) throws(MTLError) -> Answer {
  guard let context = unsafe spng_ctx_new(0) else {
    throw MTLError(.outOfMemory, name, "the PNG decoder cannot start")
  }
  defer { unsafe spng_ctx_free(context) }
  // The decoder keeps the pointer, so the whole work happens inside the closure.
  return unsafe try bytes.withUnsafeBufferPointer { (source) throws(MTLError) -> Answer in
    unsafe try configure(context, source, name: name)
    let header = unsafe try readPNGHeader(context, bytes, name: name)
    guard hasWholeEndChunk(bytes) else {
      throw MTLError(
        .badFormat, name, expected: "PNG chunks up to an IEND", found: "a file cut after \(bytes.count) bytes")
    }
    return unsafe try body(context, header)
  }
}

/// How the pixels are asked for, and which samples of what comes are kept: the decoder has no format for grey with
/// alpha or with 16 bits.
private struct PNGLayout {
  let format: spng_format
  let channels: Int
  let decodedBytesPerPixel: Int
  /// Which of the bytes of a grey pixel is its value.
  let keptByte: Int

  init(_ header: spng_ihdr) {
    let isWide = header.bit_depth == 16
    // The decoder gives 16-bit samples in the order of this machine.
    let highByte = isWide && 1.littleEndian == 1 ? 1 : 0
    switch spng_color_type(UInt32(header.color_type)) {
    case SPNG_COLOR_TYPE_GRAYSCALE where !isWide:
      (format, channels, decodedBytesPerPixel, keptByte) = (SPNG_FMT_G8, 1, 1, 0)
    case SPNG_COLOR_TYPE_GRAYSCALE:
      (format, channels, decodedBytesPerPixel, keptByte) = (SPNG_FMT_PNG, 1, 2, highByte)
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA:
      (format, channels, decodedBytesPerPixel, keptByte) = (SPNG_FMT_PNG, 1, isWide ? 4 : 2, highByte)
    default:
      (format, channels, decodedBytesPerPixel, keptByte) = (SPNG_FMT_RGB8, 3, 3, 0)
    }
  }
}

private func configure(
  _ context: OpaquePointer, _ source: UnsafeBufferPointer<UInt8>, name: String
) throws(MTLError) {
  let errorOnCRC = Int32(bitPattern: SPNG_CRC_ERROR.rawValue)
  unsafe try checkPNG(spng_set_crc_action(context, errorOnCRC, errorOnCRC), name)
  // Texts and profiles are kept in memory and may be compressed a thousandfold; pixel data is not counted.
  let textByteCount = 64 << 20
  unsafe try checkPNG(spng_set_chunk_limits(context, textByteCount, textByteCount), name)
  unsafe try checkPNG(spng_set_png_buffer(context, source.baseAddress, source.count), name)
}

private func readPNGHeader(_ context: OpaquePointer, _ bytes: [UInt8], name: String) throws(MTLError) -> spng_ihdr {
  var header = spng_ihdr()
  let status = unsafe spng_get_ihdr(context, &header)
  if [SPNG_EWIDTH, SPNG_EHEIGHT].contains(spng_errno(status)), bytes.count >= 24 {
    // The decoder only says that a side is wrong.
    _ = try ImageSize(width: bigEndian32(bytes, at: 16), height: bigEndian32(bytes, at: 20), name: name)
  }
  try checkPNG(status, name)
  return header
}

/// Whether the chunks lead to an end chunk that is there with its checksum, which the decoder does not insist on. So a
/// file cut at any byte is refused before memory is taken for its pixels.
private func hasWholeEndChunk(_ bytes: [UInt8]) -> Bool {
  let signatureByteCount = 8
  let frameByteCount = 12
  var position = signatureByteCount
  while position + frameByteCount <= bytes.count {
    let end = position + frameByteCount + bigEndian32(bytes, at: position)
    if bytes[position + 4..<position + 8].elementsEqual("IEND".utf8) { return end <= bytes.count }
    position = end
  }
  return false
}

private func bigEndian32(_ bytes: [UInt8], at offset: Int) -> Int {
  bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
}

private func decodePixels(
  _ context: OpaquePointer, _ size: ImageSize, _ layout: PNGLayout, name: String
) throws(MTLError) -> [UInt8] {
  let capacity = size.pixelCount * layout.decodedBytesPerPixel
  return unsafe try makeSamples(capacity: capacity, name: name) { samples throws(MTLError) in
    let format = Int32(bitPattern: layout.format.rawValue)
    unsafe try checkPNG(spng_decode_image(context, samples.baseAddress, samples.count, format, 0), name)
    if layout.decodedBytesPerPixel == layout.channels { return capacity }
    for pixel in 0..<size.pixelCount {
      unsafe samples[pixel] = samples[pixel * layout.decodedBytesPerPixel + layout.keptByte]
    }
    return size.pixelCount
  }
}

private func pngOrientation(_ context: OpaquePointer) -> Int {
  var exif = unsafe spng_exif()
  guard unsafe spng_get_exif(context, &exif) == 0, let data = unsafe exif.data else { return 1 }
  let block = unsafe Array(UnsafeRawBufferPointer(start: data, count: exif.length))
  return exifOrientation(block[...])
}

/// Turns a status of the PNG library, 0 for success, into an error.
func checkPNG(_ status: Int32, _ name: String) throws(MTLError) {
  guard status != 0 else { return }
  let message = unsafe String(cString: spng_strerror(status))
  switch spng_errno(status) {
  case SPNG_EMEM: throw MTLError(.outOfMemory, name, "no memory for the PNG library")
  case SPNG_ECHUNK_LIMITS:
    throw MTLError(.limit, name, expected: "at most 64 MiB of texts and profiles", found: "a PNG with more")
  case SPNG_IO_EOF, SPNG_EIDAT_TOO_SHORT:
    throw MTLError(.badFormat, name, expected: "a whole PNG picture", found: "one that is cut: \(message)")
  default: throw MTLError(.badFormat, name, expected: "a whole PNG picture", found: "one with an error: \(message)")
  }
}
