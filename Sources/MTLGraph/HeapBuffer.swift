import Glibc

/// Memory whose size depends on a picture or a batch: running out of it is an error and does not end the process.
@safe public final class HeapBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  public let base: UnsafeMutablePointer<Element>
  public let count: Int

  /// Uninitialised memory for `count` elements; fails with `.outOfMemory`.
  public init(count: Int, of subject: @autoclosure () -> String) throws(MTLError) {
    let (byteCount, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow, let memory = unsafe malloc(byteCount) else {
      throw MTLError(.outOfMemory, subject(), "no memory for \(count) elements", systemErrorNumber: ENOMEM)
    }
    self.count = count
    unsafe base = memory.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  deinit { unsafe free(base) }
}
