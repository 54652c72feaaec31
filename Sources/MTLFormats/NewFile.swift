import Glibc
import MTLGraph

/// Files that are there completely or not at all.
enum NewFile {
  /// Writes the parts one after the other under a name of its own, then gives the file its name; what was there under
  /// that name is replaced, and stays what it is for those who have it mapped.
  static func write(_ parts: [Bytes], to path: String) throws(MTLError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw MTLError(.invalidArgument, "path", expected: "a file name", found: path.isEmpty ? "none" : "a zero byte")
    }
    var status = stat()
    let isThere = unsafe stat(path, &status) == 0
    guard !isThere || [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) else {
      throw MTLError(.invalidArgument, path, expected: "a file or a new name", found: "a device, pipe or socket")
    }
    let draft = "\(path).\(getpid()).part"
    let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw MappedFile.systemError(path, "cannot be written") }
    do throws(MTLError) {
      defer { _ = close(descriptor) }
      for part in parts { try write(part, descriptor, path) }
    } catch {
      _ = unsafe unlink(draft)
      throw error
    }
    guard unsafe rename(draft, path) == 0 else {
      let error = MappedFile.systemError(path, "cannot be written")
      _ = unsafe unlink(draft)
      throw error
    }
  }

  private static func write(_ bytes: Bytes, _ descriptor: Int32, _ path: String) throws(MTLError) {
    try unsafe bytes.withUnsafeBytes { memory throws(MTLError) in
      guard let base = memory.baseAddress else { return }
      var done = 0
      while done < memory.count {
        let written = MappedFile.retrying { unsafe Glibc.write(descriptor, base + done, memory.count - done) }
        guard written >= 0 else { throw MappedFile.systemError(path, "cannot be written") }
        done += written
      }
    }
  }
}
