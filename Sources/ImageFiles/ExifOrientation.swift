import CImageLibraries

/// What a JPEG file puts before its EXIF block, and some writers also in PNG and WebP.
let exifPrefix = Array("Exif\0\0".utf8)

/// The orientation, 1 to 8, of an EXIF block with or without its prefix; 1 when it has none or makes no sense.
///
/// Damaged EXIF data is no reason to refuse a picture.
func exifOrientation(_ block: ArraySlice<UInt8>) -> Int {
  let prefixed = block.starts(with: exifPrefix) ? Array(block) : exifPrefix + block
  guard let length = UInt32(exactly: prefixed.count), let data = unsafe exif_data_new() else { return 1 }
  defer { unsafe exif_data_unref(data) }
  // As stored: "following the specification" adds and removes entries.
  unsafe exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION)
  unsafe exif_data_load_data(data, prefixed, length)
  guard let content = unsafe data.pointee.ifd.0,
    let entry = unsafe exif_content_get_entry(content, EXIF_TAG_ORIENTATION),
    let value = unsafe firstInteger(of: entry, order: exif_data_get_byte_order(data)), 1...8 ~= value
  else { return 1 }
  return value
}

/// The specification wants a 16-bit value; writers of 8 and 32 bits exist.
private func firstInteger(of entry: UnsafeMutablePointer<ExifEntry>, order: ExifByteOrder) -> Int? {
  guard unsafe entry.pointee.components >= 1, let value = unsafe entry.pointee.data else { return nil }
  let byteCount = unsafe entry.pointee.size
  switch unsafe entry.pointee.format {
  case EXIF_FORMAT_SHORT where byteCount >= 2: return unsafe Int(exif_get_short(value, order))
  case EXIF_FORMAT_LONG where byteCount >= 4: return unsafe Int(exif_get_long(value, order))
  case EXIF_FORMAT_BYTE where byteCount >= 1: return unsafe Int(value.pointee)
  default: return nil
  }
}
