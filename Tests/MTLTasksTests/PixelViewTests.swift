import MTLGraph
import TestSupport
import Testing

@testable import MTLTasks

@Suite("Bounds of pictures in someone else's memory")
struct PixelViewTests {
  /// The error for a picture of 4 x 3 in 36 bytes, with one thing or another changed.
  private func error(
    byteCount: UInt64 = 36, rowStride: Int64 = 12, width: Int = 4, height: Int = 3, format: PixelFormat = .rgb8,
    orientation: Int = 1, region: PixelView.Region? = nil, isNull: Bool = false
  ) -> MTLError? {
    let memory = [UInt8](repeating: 0, count: 64)
    return unsafe memory.withUnsafeBytes { bytes in
      failure { () throws(MTLError) in
        _ = try unsafe PixelView(
          data: isNull ? nil : bytes.baseAddress, byteCount: byteCount, rowStride: rowStride, width: width,
          height: height, format: format, orientation: orientation, region: region)
      }
    }
  }

  @Test func exactlyFits() {
    #expect(error() == nil)
    #expect(error(byteCount: 28, format: .gray8) == nil)
    #expect(error(byteCount: 44, rowStride: 16) == nil)
    #expect(error(byteCount: 12, rowStride: 1 << 40, height: 1) == nil)
  }

  @Test func oneByteLessDoesNot() {
    #expect(error(byteCount: 35)?.description == "image: expected 36 bytes for 4x3 rgb8, found 35")
    #expect(error(byteCount: 27, format: .gray8)?.kind == .bufferTooSmall)
    #expect(error(byteCount: 43, rowStride: 16)?.kind == .bufferTooSmall)
    #expect(error(byteCount: 0)?.kind == .bufferTooSmall)
  }

  @Test(arguments: [11, 0, -1, -12, .min, .max, (1 << 40) + 1] as [Int64])
  func stridesThatOverrun(_ rowStride: Int64) {
    let error = error(byteCount: .max, rowStride: rowStride)
    #expect(error?.kind == .invalidArgument && error?.problem.contains("a row stride of at least 12 bytes") == true)
  }

  @Test func largestStrideAndHeight() {
    let error = error(byteCount: .max, rowStride: 1 << 40, width: 1 << 15, height: 1 << 15, format: .rgba8)
    #expect(error == nil)
    #expect(
      self.error(byteCount: 1 << 54, rowStride: 1 << 40, width: 1 << 15, height: 1 << 15)?.kind == .bufferTooSmall)
  }

  @Test(arguments: [(0, 3), (4, 0), (-4, 3), (4, -3), (32769, 1), (1, 32769), (.max, .max), (.min, 1)])
  func sizesOutOfRange(_ width: Int, _ height: Int) {
    let error = error(byteCount: .max, rowStride: 1 << 40, width: width, height: height)
    #expect(error?.kind == .invalidArgument)
    #expect(error?.problem == "expected 1 to 32768 pixels a side, found \(width)x\(height)")
  }

  @Test(arguments: [0, 9, -1, .max])
  func orientationsOutOfRange(_ orientation: Int) {
    #expect(error(orientation: orientation)?.problem == "expected an EXIF orientation of 1 to 8, found \(orientation)")
  }

  @Test(arguments: 1...8)
  func regionsInside(_ orientation: Int) {
    for region in [PixelView.Region(width: 4, height: 3), .init(x: 3, y: 2, width: 1, height: 1)] {
      #expect(error(orientation: orientation, region: region) == nil)
    }
  }

  @Test(arguments: [
    (1, 0, 4, 3), (0, 1, 4, 3), (-1, 0, 2, 2), (0, -1, 2, 2), (0, 0, 0, 3), (0, 0, 4, 0), (4, 0, 1, 1), (0, 3, 1, 1),
    (0, 0, 5, 1), (0, 0, -1, 1), (.max, 0, 1, 1), (1, 0, .max, 1), (.min, 0, 1, 1), (0, 0, .min, 1),
  ])
  func regionsOutside(_ x: Int, _ y: Int, _ width: Int, _ height: Int) {
    let error = error(region: .init(x: x, y: y, width: width, height: height))
    #expect(error?.kind == .invalidArgument)
    #expect(error?.problem == "expected a region inside 4x3, found \(width)x\(height) at \(x), \(y)")
  }

  @Test func nullIsRefused() {
    #expect(error(isNull: true)?.problem == "its data is null")
  }

  @Test func sizeIsThatOfTheUprightRegion() throws {
    let memory = [UInt8](repeating: 0, count: 36)
    for orientation in 1...8 {
      try unsafe memory.withUnsafeBytes { bytes in
        let view = try unsafe PixelView(
          data: bytes.baseAddress, byteCount: 36, rowStride: 12, width: 4, height: 3, format: .rgb8,
          orientation: orientation, region: .init(x: 1, y: 0, width: 3, height: 2))
        #expect((view.width, view.height) == (orientation < 5 ? (3, 2) : (2, 3)))
      }
    }
  }
}
