import Glibc
import MTLGraph

/// The memory of one plan, owned alone.
@safe final class Arena {
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  /// Zeroed memory straight from the system: pages that no run touches cost nothing. Kernels may read channels that only
  /// fill a block up before anything wrote them, and zeros are finite. Fails with `.outOfMemory`, never with a trap.
  init(byteCount: Int, of subject: String) throws(MTLError) {
    self.byteCount = max(byteCount, Arena.alignment)
    let memory = unsafe mmap(
      nil, self.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
      throw MTLError(.outOfMemory, subject, "no memory for \(byteCount) bytes", systemErrorNumber: errno)
    }
    unsafe base = memory
    unsafe LargePages.request(memory, byteCount: self.byteCount)
  }

  deinit { unsafe munmap(base, byteCount) }

  /// Of the buffers inside; the arena itself begins on a page.
  static let alignment = 64
}
