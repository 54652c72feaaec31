import CMTLInfer
import MTLGraph

/// Runs the body of a function of the C interface: its error becomes a status and, if asked for, a record.
func status(
  _ record: UnsafeMutablePointer<mtl_error>?, _ body: () throws(MTLError) -> Void
) -> mtl_status {
  do {
    try body()
    return 0
  } catch {
    unsafe write(error, to: record)
    return error.kind.rawValue
  }
}

/// Fills the caller's record. A message that is too long is cut between characters.
private func write(_ error: MTLError, to record: UnsafeMutablePointer<mtl_error>?) {
  guard let record = unsafe record else { return }
  unsafe record.pointee.code = error.kind.rawValue
  unsafe record.pointee.system_errno = error.systemErrorNumber
  unsafe withUnsafeMutableBytes(of: &record.pointee.message) { message in
    var length = 0
    for character in error.description {
      let bytes = character.utf8
      guard length + bytes.count < message.count else { break }
      for byte in bytes {
        unsafe message[length] = byte
        length += 1
      }
    }
    unsafe message[length] = 0
  }
}

/// The value behind a pointer that must not be null.
func required<Pointee>(
  _ pointer: UnsafeMutablePointer<Pointee>?, _ name: String
) throws(MTLError) -> UnsafeMutablePointer<Pointee> {
  guard let pointer = unsafe pointer else { throw MTLError(.invalidArgument, name, "is null") }
  return unsafe pointer
}

/// Text of the caller's, copied.
func text(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(MTLError) -> String? {
  guard let pointer = unsafe pointer else { return nil }
  guard let text = unsafe String(validatingCString: pointer) else {
    throw MTLError(.invalidArgument, name, "is not UTF-8 text")
  }
  return text
}
