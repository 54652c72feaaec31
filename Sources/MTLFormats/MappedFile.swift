import Glibc
import MTLGraph

/// Files as read-only memory.
public enum MappedFile {
  /// Maps a regular file privately and read-only, or reads it when `copy` is true.
  ///
  /// A mapped file costs no memory of its own and opens in constant time, but must not be shortened while the bytes are
  /// in use: the kernel answers an access behind the new end with SIGBUS. `copy` is for files that others may rewrite.
  ///
  /// Fails with `inputOutput` (with the `errno`) when the file cannot be opened or read, and with `badFormat` when it is
  /// empty or not a regular file.
  public static func open(path: String, copy: Bool = false) throws(MTLError) -> Bytes {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw MTLError(.invalidArgument, "path", expected: "a file name", found: path.isEmpty ? "none" : "a zero byte")
    }
    // O_NONBLOCK: opening a FIFO must fail below, not wait for a writer.
    let descriptor = retrying { unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw systemError(path, "cannot be opened") }
    defer { _ = close(descriptor) }
    return try open(descriptor: descriptor, name: path, copy: copy)
  }

  /// The file behind a descriptor, which is not needed afterwards.
  static func open(descriptor: Int32, name path: String, copy: Bool) throws(MTLError) -> Bytes {
    let count = try regularFileSize(descriptor, path)
    return copy ? try read(descriptor, count, path) : try map(descriptor, count, path)
  }

  private static func regularFileSize(_ descriptor: Int32, _ path: String) throws(MTLError) -> Int {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw systemError(path, "cannot be examined") }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw MTLError(.badFormat, path, expected: "a file", found: "a directory")
    default: throw MTLError(.badFormat, path, expected: "a regular file", found: "a device, pipe or socket")
    }
    guard status.st_size > 0 else { throw MTLError(.badFormat, path, "is empty (0 bytes)") }
    return status.st_size
  }

  private static func map(_ descriptor: Int32, _ count: Int, _ path: String) throws(MTLError) -> Bytes {
    let memory = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { throw systemError(path, "cannot be mapped") }
    return unsafe Bytes(
      owner: Mapping(memory, count), base: UnsafeRawPointer(memory), count: count)
  }

  private static func read(_ descriptor: Int32, _ count: Int, _ path: String) throws(MTLError) -> Bytes {
    try unsafe Bytes(byteCount: count) { memory throws(MTLError) in
      guard let base = memory.baseAddress else { return }
      var done = 0
      while done < count {
        let received = retrying { unsafe Glibc.read(descriptor, base + done, count - done) }
        guard received >= 0 else { throw systemError(path, "cannot be read") }
        guard received > 0 else {
          throw MTLError(.inputOutput, path, "became shorter while it was read: \(done) of \(count) bytes")
        }
        done += received
      }
    }
  }

  /// Repeats a system call that a signal interrupted.
  static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
      let result = call()
      if result != -1 || errno != EINTR { return result }
    }
  }

  static func systemError(_ path: String, _ what: String) -> MTLError {
    let number = errno
    var buffer = [CChar](repeating: 0, count: 256)
    unsafe strerror_r(number, &buffer, buffer.count)
    let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return MTLError(
      number == ENOMEM ? .outOfMemory : .inputOutput, path, "\(what): \(text)", systemErrorNumber: number)
  }
}

/// Gives a mapping back with its last reference.
@safe private final class Mapping: ReleasableMemory {
  private let base: UnsafeMutableRawPointer
  private let count: Int

  init(_ base: UnsafeMutableRawPointer, _ count: Int) {
    unsafe self.base = base
    self.count = count
  }

  deinit { unsafe munmap(base, count) }

  func release(_ start: UnsafeRawPointer, count: Int) {
    let page = sysconf(Int32(_SC_PAGESIZE))
    guard page > 0 else { return }
    let first = (UInt(bitPattern: start) + UInt(page - 1)) / UInt(page) * UInt(page)
    let end = (UInt(bitPattern: start) + UInt(count)) / UInt(page) * UInt(page)
    guard first < end, let pages = unsafe UnsafeMutableRawPointer(bitPattern: first) else { return }
    unsafe _ = madvise(pages, Int(end - first), MADV_DONTNEED)
  }
}
