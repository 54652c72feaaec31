import Glibc
import MTLGraph

/// Far more than any picture within the limits takes.
private let maximumFileByteCount = 1 << 30

/// The whole file. Pipes and devices such as `/dev/stdin` are read to their end.
func readFile(path: String) throws(MTLError) -> [UInt8] {
  guard !path.utf8.contains(0) else {
    throw MTLError(.inputOutput, path, "a path cannot hold a zero byte", systemErrorNumber: EINVAL)
  }
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw systemError("cannot open", path) }
  defer { close(descriptor) }
  var information = stat()
  guard unsafe fstat(descriptor, &information) == 0 else { throw systemError("cannot read", path) }
  let announcedByteCount = Int(information.st_size)
  guard announcedByteCount <= maximumFileByteCount else { throw tooLarge(path) }
  var contents: [UInt8] = []
  contents.reserveCapacity(announcedByteCount)
  var chunk = [UInt8](repeating: 0, count: 1 << 18)
  while true {
    let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
    if count == 0 { return contents }
    if count < 0 {
      guard errno == EINTR else { throw systemError("cannot read", path) }
      continue
    }
    // A pipe announces no size.
    guard contents.count + count <= maximumFileByteCount else { throw tooLarge(path) }
    contents += chunk.prefix(count)
  }
}

/// At most `byteCount` first bytes of a regular file, none when it cannot be read.
func readPrefix(path: String, byteCount: Int) -> [UInt8] {
  guard !path.utf8.contains(0) else { return [] }
  // A folder may hold pipes; opening one must not wait for a writer.
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { return [] }
  defer { close(descriptor) }
  var information = stat()
  guard unsafe fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return [] }
  var start = [UInt8](repeating: 0, count: byteCount)
  let count = unsafe start.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
  return Array(start.prefix(max(count, 0)))
}

private func systemError(_ problem: String, _ path: String) -> MTLError {
  let number = errno
  let reason = unsafe String(cString: strerror(number))
  return MTLError(.inputOutput, path, "\(problem): \(reason)", systemErrorNumber: number)
}

private func tooLarge(_ path: String) -> MTLError {
  MTLError(.limit, path, expected: "an image file of at most \(maximumFileByteCount) bytes", found: "a larger one")
}
