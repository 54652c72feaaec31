import Glibc
import MTLGraph

/// One block of memory, 64-byte aligned, owned alone.
@safe final class Arena {
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  /// Fails with `.outOfMemory` instead of ending the process.
  init(byteCount: Int, of subject: String) throws(MTLError) {
    var memory: UnsafeMutableRawPointer?
    let status = unsafe posix_memalign(&memory, Arena.alignment, max(byteCount, Arena.alignment))
    guard status == 0, let memory = unsafe memory else {
      throw MTLError(.outOfMemory, subject, "no memory for \(byteCount) bytes", systemErrorNumber: status)
    }
    self.byteCount = byteCount
    unsafe base = memory
    // Filling channels are read before they are first written by some kernels' neighbours: they must be finite.
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  deinit { unsafe free(base) }

  static let alignment = 64
}
