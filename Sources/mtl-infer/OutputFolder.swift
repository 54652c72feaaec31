import FoundationEssentials
import Glibc
import MTLFormats
import MTLGraph

/// The folder given by `--out`: found to be writable before any work is done, and made with the first file.
struct OutputFolder {
  private let path: String
  private var used: Set<String> = []

  init(_ path: String) throws(MTLError) {
    self.path = path
    var existing = path
    while !existing.isEmpty, !FileManager.default.fileExists(atPath: existing) {
      existing = String(existing[..<(existing.lastIndex(of: "/") ?? existing.startIndex)])
      if existing.isEmpty { existing = path.hasPrefix("/") ? "/" : "." }
    }
    var isFolder = false
    guard FileManager.default.fileExists(atPath: existing, isDirectory: &isFolder), isFolder else {
      throw MTLError(.inputOutput, path, "'\(existing)' is no folder", systemErrorNumber: ENOTDIR)
    }
    guard unsafe access(existing, W_OK | X_OK) == 0 else {
      throw MTLError(
        .inputOutput, path, "'\(existing)' is not writable: \(unsafe String(cString: strerror(errno)))",
        systemErrorNumber: errno)
    }
  }

  /// Writes NAME.npy, whole or not at all. A name that this run used before gets a number.
  mutating func write(_ tensor: Tensor, name: String) throws(MTLError) {
    try write(NumpyFile.write(tensor), name: name, ending: "npy")
  }

  /// Writes NAME.ENDING in the same way.
  mutating func write(_ bytes: [UInt8], name: String, ending: String) throws(MTLError) {
    // Names come from the model, and nothing may be written outside of the folder, whatever a model was let through.
    guard !name.utf8.contains(UInt8(ascii: "/")) else {
      throw MTLError(.badFormat, "output '\(name)'", "is no file name")
    }
    var unique = "\(name).\(ending)"
    var number = 1
    while !used.insert(unique).inserted {
      number += 1
      unique = "\(name)-\(number).\(ending)"
    }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw MTLError(.inputOutput, path, "cannot be made a folder: \(reason(error))")
    }
    let file = "\(path)/\(unique)"
    try writeFile(bytes, to: file)
  }
}

/// Writes one file, whole or not at all. A link is followed, and what is no regular file, such as a pipe, is written to.
func writeFile(_ bytes: [UInt8], to path: String) throws(MTLError) {
  var status = stat()
  let isThere = unsafe stat(path, &status) == 0
  let isRegular = !isThere || status.st_mode & S_IFMT == S_IFREG
  do {
    let target = unsafe realpath(path, nil).map { real in
      defer { unsafe free(real) }
      return unsafe String(cString: real)
    }
    try Data(bytes).write(to: URL(fileURLWithPath: target ?? path), options: isRegular ? .atomic : [])
  } catch {
    throw MTLError(.inputOutput, path, "cannot be written: \(reason(error))")
  }
}

/// Fails where a file could not be written, before any work is done for it.
func checkWritable(_ path: String) throws(MTLError) {
  var isFolder = false
  let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
  let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  guard !isFolder, !path.isEmpty else { throw MTLError(.inputOutput, path, "is no file", systemErrorNumber: EISDIR) }
  guard unsafe access(isThere ? path : folder, W_OK) == 0 else {
    throw MTLError(
      .inputOutput, path, "cannot be written: \(unsafe String(cString: strerror(errno)))", systemErrorNumber: errno)
  }
}

/// The system's words for a file error.
private func reason(_ error: any Error) -> String {
  guard let error = error as? CocoaError, let cause = error.underlying as? POSIXError else { return "\(error)" }
  return unsafe String(cString: strerror(cause.code.rawValue))
}
