import CMTLKernels
import MTLGraph

/// An image in someone else's memory, or a region of it, seen through its EXIF orientation.
@safe public struct PixelView {
  /// Longest side of an image.
  public static let maximumSide = 1 << 15

  /// Size after the orientation is applied.
  let width: Int
  let height: Int
  let format: PixelFormat
  /// The pixel at the upper left after the orientation, and the byte distance to its right and lower neighbour.
  private let origin: UnsafeRawPointer
  private let columnStep: Int
  private let rowStep: Int

  /// A part of an image, in pixels of the image as stored.
  public struct Region: Sendable {
    public var x = 0
    public var y = 0
    public var width: Int
    public var height: Int

    public init(x: Int = 0, y: Int = 0, width: Int, height: Int) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }
  }

  /// Checks that every pixel of the region lies within `byteCount` bytes of `data`. The memory must stay valid while
  /// the view is used.
  @unsafe public init(
    data: UnsafeRawPointer?, byteCount: UInt64, rowStride: Int64, width: Int, height: Int, format: PixelFormat,
    orientation: Int = 1, region: Region? = nil
  ) throws(MTLError) {
    guard let data = unsafe data else { throw MTLError(.invalidArgument, "image", "its data is null") }
    guard (1...8).contains(orientation) else {
      throw MTLError(.invalidArgument, "image", expected: "an EXIF orientation of 1 to 8", found: "\(orientation)")
    }
    try PixelView.checkMemory(byteCount, rowStride, width, height, format)
    let region = region ?? Region(width: width, height: height)
    try PixelView.check(region, width, height)
    self.format = format
    let (stride, bytesPerPixel) = (Int(rowStride), format.bytesPerPixel)
    let start = unsafe data + region.y * stride + region.x * bytesPerPixel
    // Each orientation is a choice of corner and of walking direction (EXIF 2.3, tag 0x0112).
    let isTransposed = orientation >= 5
    let corner = PixelView.corner(orientation)
    let right = corner.isRight ? region.width - 1 : 0
    let bottom = corner.isBottom ? region.height - 1 : 0
    unsafe origin = start + bottom * stride + right * bytesPerPixel
    let alongRow = corner.isRight ? -bytesPerPixel : bytesPerPixel
    let alongColumn = corner.isBottom ? -stride : stride
    columnStep = isTransposed ? alongColumn : alongRow
    rowStep = isTransposed ? alongRow : alongColumn
    self.width = isTransposed ? region.height : region.width
    self.height = isTransposed ? region.width : region.height
  }

  @unsafe private init(
    origin: UnsafeRawPointer, columnStep: Int, rowStep: Int, width: Int, height: Int, format: PixelFormat
  ) {
    unsafe self.origin = origin
    (self.columnStep, self.rowStep, self.width, self.height, self.format) = (columnStep, rowStep, width, height, format)
  }

  /// All rows must lie within the memory.
  private static func checkMemory(
    _ byteCount: UInt64, _ rowStride: Int64, _ width: Int, _ height: Int, _ format: PixelFormat
  ) throws(MTLError) {
    let sides = 1...maximumSide
    guard sides.contains(width), sides.contains(height) else {
      throw MTLError(
        .invalidArgument, "image", expected: "1 to \(maximumSide) pixels a side", found: "\(width)x\(height)")
    }
    let rowBytes = width * format.bytesPerPixel
    guard rowStride >= Int64(rowBytes), rowStride <= Int64(1) << 40 else {
      throw MTLError(
        .invalidArgument, "image",
        expected: "a row stride of at least \(rowBytes) bytes for \(width) pixels of \(format.name)",
        found: "\(rowStride)")
    }
    let needed = UInt64(rowStride) * UInt64(height - 1) + UInt64(rowBytes)
    guard byteCount >= needed else {
      throw MTLError(
        .bufferTooSmall, "image", expected: "\(needed) bytes for \(width)x\(height) \(format.name)",
        found: "\(byteCount)")
    }
  }

  private static func check(_ region: Region, _ width: Int, _ height: Int) throws(MTLError) {
    guard region.x >= 0, region.y >= 0, region.width >= 1, region.height >= 1, region.width <= width - region.x,
      region.height <= height - region.y
    else {
      throw MTLError(
        .invalidArgument, "image", expected: "a region inside \(width)x\(height)",
        found: "\(region.width)x\(region.height) at \(region.x), \(region.y)")
    }
  }

  /// Which corner of the stored image is the upper left one of the upright picture.
  private static func corner(_ orientation: Int) -> (isRight: Bool, isBottom: Bool) {
    switch orientation {
    case 2: (true, false)
    case 3: (true, true)
    case 4: (false, true)
    case 6: (false, true)
    case 7: (true, true)
    case 8: (true, false)
    default: (false, false)
    }
  }

  /// The first pixel of a row of the upright picture; the next one is `step` bytes on.
  @unsafe func row(_ row: Int) -> (first: UnsafePointer<UInt8>, step: Int) {
    unsafe ((origin + row * rowStep).assumingMemoryBound(to: UInt8.self), columnStep)
  }
}

extension PixelView {
  /// A part of the upright picture, which must lie in it.
  public func cropped(to region: Region) -> PixelView {
    precondition(
      region.x >= 0 && region.y >= 0 && region.width >= 1 && region.height >= 1 && region.x + region.width <= width
        && region.y + region.height <= height)
    return unsafe PixelView(
      origin: origin + region.y * rowStep + region.x * columnStep, columnStep: columnStep, rowStep: rowStep,
      width: region.width, height: region.height, format: format)
  }

  /// Sides of the upright picture in pixels.
  public var size: (width: Int, height: Int) { (width, height) }

  /// The upright picture as red, green, blue of each pixel, row after row.
  public func rgb() -> [UInt8] {
    let offsets = format.channelOffsets
    return unsafe [UInt8](unsafeUninitializedCapacity: width * height * 3) { samples, count in
      guard let base = samples.baseAddress else { return }
      for index in 0..<height {
        let source = unsafe row(index)
        unsafe mtlk_convert_row(
          source.first, Int64(source.step), offsets.red, offsets.green, offsets.blue, base + index * width * 3,
          Int32(width), 3)
      }
      count = width * height * 3
    }
  }
}
