import Glibc
import MTLGraph

/// The files beside a model that hold its large tensors: each mapped once, opened beneath the model's folder.
final class ExternalData {
  /// nil where the model is no file, and nothing lies beside it.
  private let folder: String?
  private let isCopy: Bool
  private var files: [String: Bytes] = [:]

  private static let maximumFileCount = 1 << 10

  init(folder: String?, copy: Bool) {
    self.folder = folder
    isCopy = copy
  }

  /// The part of a file that the entries of a tensor name.
  func bytes(_ entries: [(key: String, value: String)], of name: String) throws(MTLError) -> Bytes {
    var values: [String: String] = [:]
    for entry in entries {
      guard ["location", "offset", "length", "checksum", "basepath"].contains(entry.key) else {
        throw MTLError(.badFormat, "\(name): external data", "has the unknown key '\(clipped(entry.key))'")
      }
      guard values.updateValue(entry.value, forKey: entry.key) == nil else {
        throw MTLError(.badFormat, "\(name): external data", "has the key '\(entry.key)' twice")
      }
    }
    guard let location = values["location"], !location.isEmpty else {
      throw MTLError(.badFormat, "\(name): external data", "names no file")
    }
    let file = try file(location, of: name)
    let offset = try ExternalData.number(values["offset"], "offset", name) ?? 0
    guard offset <= file.count else {
      throw MTLError(.badFormat, name, "starts at byte \(offset) of \(location), which has \(file.count)")
    }
    let length = try ExternalData.number(values["length"], "length", name) ?? file.count - offset
    return try file.slice(offset: offset, length: length, of: "\(name) in \(location)")
  }

  private static func number(_ text: String?, _ key: String, _ name: String) throws(MTLError) -> Int? {
    guard let text else { return nil }
    guard let number = Int(text), number >= 0 else {
      throw MTLError(.badFormat, "\(name): external data", expected: "\(key) as a number", found: "'\(clipped(text))'")
    }
    return number
  }

  private func file(_ location: String, of name: String) throws(MTLError) -> Bytes {
    if let open = files[location] { return open }
    guard let folder else {
      throw MTLError(
        .unsupported, name, "lies in the file '\(clipped(location))', but the model was opened from memory")
    }
    guard files.count < ExternalData.maximumFileCount else {
      throw MTLError(.limit, name, "is in one of more than \(ExternalData.maximumFileCount) files")
    }
    let bytes = try MappedFile.open(beneath: folder, location, copy: isCopy)
    files[location] = bytes
    return bytes
  }
}

extension MappedFile {
  /// Maps a file that a model names, strictly beneath a folder: each part of its path is opened on its own and may be no
  /// link, so that no name leads out, whatever others do to the folder meanwhile.
  static func open(beneath folder: String, _ path: String, copy: Bool) throws(MTLError) -> Bytes {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard !path.hasPrefix("/"), !path.utf8.contains(0), !path.utf8.contains(UInt8(ascii: "\\")), parts.count <= 64,
      parts.allSatisfy({ !$0.isEmpty && $0 != ".." })
    else {
      throw MTLError(.badFormat, clipped(path), "is no path beneath the model's folder")
    }
    var descriptor = unsafe Glibc.open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    for (index, part) in parts.enumerated() where descriptor >= 0 && part != "." {
      let isLast = index == parts.count - 1
      let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (isLast ? 0 : O_DIRECTORY)
      let next = unsafe openat(descriptor, part, flags)
      let number = errno
      _ = close(descriptor)
      descriptor = next
      if next < 0 {
        let problem = number == ELOOP || number == ENOTDIR ? "is a link or lies behind one" : "cannot be opened"
        throw MTLError(
          number == ELOOP || number == ENOTDIR ? .badFormat : .inputOutput, clipped(path), problem,
          systemErrorNumber: number)
      }
    }
    guard descriptor >= 0 else { throw MTLError(.inputOutput, folder, "cannot be opened", systemErrorNumber: errno) }
    defer { _ = close(descriptor) }
    return try open(descriptor: descriptor, name: path, copy: copy)
  }
}
