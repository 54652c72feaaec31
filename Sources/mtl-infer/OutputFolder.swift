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

/// Writes one file, whole or not at all.
func writeFile(_ bytes: [UInt8], to path: String) throws(MTLError) {
  do {
    try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
  } catch {
    throw MTLError(.inputOutput, path, "cannot be written: \(reason(error))")
  }
}

/// The system's words for a file error.
private func reason(_ error: any Error) -> String {
  guard let error = error as? CocoaError, let cause = error.underlying as? POSIXError else { return "\(error)" }
  return unsafe String(cString: strerror(cause.code.rawValue))
}
