import Glibc

/// Memory that the system can fetch again when it was given back.
public protocol ReleasableMemory: AnyObject {
  /// Gives back the whole pages inside this range.
  func release(_ base: UnsafeRawPointer, count: Int)
}

/// A read-only run of bytes that keeps its memory alive: a mapped file, a caller's buffer, or an array of our own.
///
/// Every access is checked against `count`, in 64-bit arithmetic, and fails with an error instead of a trap, so that
/// numbers that come from a file may be used as offsets.
@safe public struct Bytes: @unchecked Sendable {
  /// Keeps the memory alive; its `deinit` gives it back.
  private let owner: AnyObject?
  private let base: UnsafeRawPointer?
  public let count: Int

  /// Wraps memory that stays valid and unchanged for as long as `owner` lives.
  @unsafe public init(owner: AnyObject?, base: UnsafeRawPointer?, count: Int) {
    self.owner = owner
    unsafe self.base = base
    self.count = count
  }

  /// Copies an array.
  public init<Element: BitwiseCopyable>(copying elements: [Element]) {
    guard let copy = OwnedMemory(byteCount: elements.count * MemoryLayout<Element>.stride) else {
      preconditionFailure("no memory for a second copy of an array")
    }
    unsafe elements.withUnsafeBytes { source in
      if let from = source.baseAddress { unsafe copy.base.copyMemory(from: from, byteCount: source.count) }
    }
    unsafe self.init(owner: copy, base: UnsafeRawPointer(copy.base), count: copy.byteCount)
  }

  /// Memory of `byteCount` bytes, 64-byte aligned and uninitialised, that `fill` writes once. Fails with `outOfMemory`
  /// when the system has none, because the size may come from a file.
  public init(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws(MTLError) -> Void) throws(MTLError) {
    guard let memory = OwnedMemory(byteCount: byteCount) else {
      throw MTLError(.outOfMemory, "memory", "\(byteCount) bytes cannot be allocated")
    }
    unsafe try fill(UnsafeMutableRawBufferPointer(start: memory.base, count: byteCount))
    unsafe self.init(owner: memory, base: UnsafeRawPointer(memory.base), count: byteCount)
  }

  /// The bytes `offset ..< offset + length`, sharing the memory.
  public func slice(offset: Int, length: Int, of what: @autoclosure () -> String) throws(MTLError) -> Bytes {
    guard offset >= 0, length >= 0, offset <= count, length <= count - offset else {
      throw MTLError(
        .badFormat, what(), "needs bytes \(offset) to \(offset &+ length), but only \(count) are there")
    }
    return unsafe Bytes(owner: owner, base: base.map { unsafe $0 + offset }, count: length)
  }

  /// Tells the system that the memory behind these bytes will not be needed soon, where they lie in a mapped file: it
  /// gives the pages back and reads them again from the file if somebody does need them.
  public func releasePages() {
    guard let mapping = owner as? any ReleasableMemory, let base = unsafe base else { return }
    unsafe mapping.release(base, count: count)
  }

  /// A little-endian integer at any alignment.
  public func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: Value.Type = Value.self, of what: @autoclosure () -> String
  ) throws(MTLError) -> Value {
    let bytes = try slice(offset: offset, length: MemoryLayout<Value>.size, of: what())
    return unsafe bytes.withUnsafeBytes { unsafe Value(littleEndian: $0.loadUnaligned(as: Value.self)) }
  }

  /// These bytes where their address is a multiple of `alignment`, else a copy, which is.
  public func aligned(to alignment: Int) throws(MTLError) -> Bytes {
    guard unsafe UInt(bitPattern: base) % UInt(alignment) != 0 else { return self }
    return try unsafe Bytes(byteCount: count) { target in
      unsafe withUnsafeBytes { source in unsafe target.copyMemory(from: source) }
    }
  }

  /// The byte at `offset`, or nil outside.
  public subscript(offset: Int) -> UInt8? {
    guard offset >= 0, offset < count, let base = unsafe base else { return nil }
    return unsafe base.load(fromByteOffset: offset, as: UInt8.self)
  }

  /// The bytes as text; nil when they are not valid UTF-8.
  public var utf8: String? {
    unsafe withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
  }

  /// Whether the first bytes are `prefix`.
  public func starts(with prefix: [UInt8]) -> Bool {
    unsafe withUnsafeBytes { unsafe $0.starts(with: prefix) }
  }

  /// Calls `body` with the memory, which is valid only during the call.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(UnsafeRawBufferPointer(start: base, count: count))
  }
}

/// Heap memory that is freed with its last reference.
@safe private final class OwnedMemory {
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  /// 64-byte aligned memory, in large pages where it is large; nil, instead of a trap, when the system has none.
  init?(byteCount: Int) {
    var memory: UnsafeMutableRawPointer?
    let alignment = byteCount >= LargePages.smallestByteCount ? LargePages.byteCount : 64
    guard byteCount >= 0, unsafe posix_memalign(&memory, alignment, Swift.max(byteCount, 1)) == 0,
      let memory = unsafe memory
    else { return nil }
    unsafe LargePages.request(memory, byteCount: byteCount)
    self.byteCount = byteCount
    unsafe base = memory
  }

  deinit { unsafe free(base) }
}

/// Pages of 2 MB, where the system grants them: kernels walk through megabytes, and with pages of 4 kB every few rows
/// begin with a look-up of their address.
package enum LargePages {
  package static let byteCount = 2 << 20
  /// Below this, rounding up to whole large pages costs more memory than it is worth.
  package static let smallestByteCount = 2 * byteCount

  package static func request(_ memory: UnsafeMutableRawPointer, byteCount: Int) {
    guard byteCount >= smallestByteCount else { return }
    let first =
      (UInt(bitPattern: memory) + UInt(self.byteCount - 1)) / UInt(self.byteCount) * UInt(self.byteCount)
    let end = (UInt(bitPattern: memory) + UInt(byteCount)) / UInt(self.byteCount) * UInt(self.byteCount)
    guard first < end, let pages = unsafe UnsafeMutableRawPointer(bitPattern: first) else { return }
    unsafe _ = madvise(pages, Int(end - first), MADV_HUGEPAGE)
  }
}
