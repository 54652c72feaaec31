import Glibc
import MTLGraph

/// The texts of a tensor in memory that does not move: for each its address and its number of bytes, 64 bits both, and
/// behind all of these the bytes themselves. This is how callers of other languages read them.
@safe final class TextRecords: @unchecked Sendable {
  private let memory: HeapBuffer<UInt8>
  private let recordByteCount: Int

  init(_ texts: [String]) throws(MTLError) {
    recordByteCount = texts.count * MemoryLayout<(UInt64, UInt64)>.size
    let count = texts.reduce(recordByteCount) { $0 + $1.utf8.count }
    memory = try HeapBuffer(count: count, of: "texts")
    let records = unsafe UnsafeMutableRawPointer(memory.base)
    var next = unsafe memory.base + recordByteCount
    for (index, text) in texts.enumerated() {
      let place = index * MemoryLayout<(UInt64, UInt64)>.size
      unsafe records.storeBytes(of: UInt64(UInt(bitPattern: next)), toByteOffset: place, as: UInt64.self)
      unsafe records.storeBytes(of: UInt64(text.utf8.count), toByteOffset: place + 8, as: UInt64.self)
      for byte in text.utf8 {
        unsafe next.pointee = byte
        unsafe next += 1
      }
    }
  }

  /// The addresses and numbers of bytes.
  @unsafe var records: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: memory.base, count: recordByteCount)
  }
}
