import CImageLibraries
import Glibc
import MTLGraph

extension ImageFile {
  /// A PNG file of 8-bit samples, interleaved without gaps; 1 channel is grey, 2 grey and alpha, 3 RGB, 4 RGBA.
  public static func encodePNG(width: Int, height: Int, channels: Int, pixels: [UInt8]) throws(MTLError) -> [UInt8] {
    let name = "PNG picture"
    let colourTypes = [
      SPNG_COLOR_TYPE_GRAYSCALE, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, SPNG_COLOR_TYPE_TRUECOLOR,
      SPNG_COLOR_TYPE_TRUECOLOR_ALPHA,
    ]
    let sides = 1...maximumSide
    guard sides ~= width, sides ~= height else {
      throw MTLError(
        .invalidArgument, name, expected: "sides of 1 to \(maximumSide) pixels", found: "\(width) x \(height)")
    }
    guard 1...4 ~= channels else {
      throw MTLError(.invalidArgument, name, expected: "1 to 4 channels", found: "\(channels)")
    }
    let sampleCount = width * height * channels
    guard pixels.count == sampleCount else {
      throw MTLError(.invalidArgument, name, expected: "\(sampleCount) samples", found: "\(pixels.count)")
    }
    guard let context = unsafe spng_ctx_new(Int32(bitPattern: SPNG_CTX_ENCODER.rawValue)) else {
      throw MTLError(.outOfMemory, name, "the PNG encoder cannot start")
    }
    defer { unsafe spng_ctx_free(context) }
    var header = spng_ihdr()
    header.width = UInt32(width)
    header.height = UInt32(height)
    header.bit_depth = 8
    header.color_type = UInt8(truncatingIfNeeded: colourTypes[channels - 1].rawValue)
    unsafe try checkPNG(spng_set_ihdr(context, &header), name)
    return unsafe try encode(pixels, context, name: name)
  }
}

private func encode(_ pixels: [UInt8], _ context: OpaquePointer, name: String) throws(MTLError) -> [UInt8] {
  unsafe try checkPNG(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1), name)
  let format = Int32(bitPattern: SPNG_FMT_PNG.rawValue)
  let flags = Int32(bitPattern: SPNG_ENCODE_FINALIZE.rawValue)
  unsafe try checkPNG(spng_encode_image(context, pixels, pixels.count, format, flags), name)
  var byteCount = 0
  var status: Int32 = 0
  guard let encoded = unsafe spng_get_png_buffer(context, &byteCount, &status) else {
    try checkPNG(status, name)
    throw MTLError(.internalFault, name, "the PNG encoder gave neither a file nor an error")
  }
  defer { unsafe free(encoded) }
  return unsafe Array(UnsafeRawBufferPointer(start: encoded, count: byteCount))
}
