import Glibc
import MTLGraph

/// A picture as it is stored in an image file: 8-bit samples, interleaved, row after row without gaps.
public struct DecodedImage: Sendable, Equatable {
  /// Pixels per stored row, before `orientation` is applied.
  public let width: Int
  /// Stored rows, before `orientation` is applied.
  public let height: Int
  /// Samples per pixel: 1 for grey, 3 for red, green, blue.
  public let channels: Int
  /// How the stored picture has to be turned for display: the EXIF value, 1 (as it is) to 8.
  public let orientation: Int
  /// `height * width * channels` samples.
  public let pixels: [UInt8]
}

/// The sides of a picture, which were checked against the limits of `ImageFile`.
struct ImageSize {
  let width: Int
  let height: Int

  var pixelCount: Int { width * height }

  /// Fails before anything is allocated, so that a header alone cannot claim memory.
  init(width: Int, height: Int, name: String) throws(MTLError) {
    let found = "\(width) x \(height) pixels"
    guard width > 0, height > 0 else {
      throw MTLError(.badFormat, name, expected: "a picture with at least one pixel", found: found)
    }
    let limit = ImageFile.maximumSide
    guard width <= limit, height <= limit else {
      throw MTLError(.limit, name, expected: "sides of at most \(limit) pixels", found: found)
    }
    guard width * height <= ImageFile.maximumPixelCount else {
      throw MTLError(.limit, name, expected: "at most \(ImageFile.maximumPixelCount) pixels", found: found)
    }
    self.width = width
    self.height = height
  }
}

/// An array of at most `capacity` samples that `fill` writes and counts.
func makeSamples(
  capacity: Int, name: String, fill: (UnsafeMutableBufferPointer<UInt8>) throws(MTLError) -> Int
) throws(MTLError) -> [UInt8] {
  guard hasMemory(byteCount: capacity) else {
    throw MTLError(.outOfMemory, name, "no memory for \(capacity) bytes of pixels")
  }
  var failure: MTLError?
  let samples = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
    do throws(MTLError) {
      let filled = unsafe UnsafeMutableBufferPointer(rebasing: buffer.prefix(capacity))
      count = unsafe try fill(filled)
    } catch {
      failure = error
    }
  }
  if let failure { throw failure }
  return samples
}

/// Whether an allocation of this size can succeed now. A failed array allocation ends the process, a failed mapping
/// does not; `malloc` would not do, since the optimiser removes one whose memory is not used.
private func hasMemory(byteCount: Int) -> Bool {
  let probe = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
  guard let probe = unsafe probe, unsafe probe != MAP_FAILED else { return false }
  return unsafe munmap(probe, byteCount) == 0
}
