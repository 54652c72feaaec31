import FoundationEssentials
import Glibc
import ImageFiles
import MTLGraph

/// Finds the pictures that the arguments name: files, folders (with what is below them) and patterns.
enum PictureList {
  private static let extensions: Set<String> = ["jpg", "jpeg", "png", "webp"]

  /// Paths in the order of the arguments, those of a folder by name. A folder gives the files that are pictures by
  /// their first bytes or call themselves so: a broken picture is not passed over.
  static func expand(_ arguments: [String]) throws(MTLError) -> [String] {
    var paths: [String] = []
    for argument in arguments {
      var isFolder = false
      if FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) {
        paths += isFolder ? try pictures(below: argument) : [argument]
      } else if argument.contains(where: { "*?[".contains($0) }) {
        paths += try matches(of: argument)
      } else {
        paths.append(argument)
      }
    }
    return paths
  }

  /// The last part of a path.
  static func fileName(_ path: String) -> String {
    String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
  }

  private static func pictures(below folder: String) throws(MTLError) -> [String] {
    guard unsafe access(folder, R_OK | X_OK) == 0,
      let names = try? FileManager.default.subpathsOfDirectory(atPath: folder)
    else {
      throw MTLError(.inputOutput, folder, "cannot be read", systemErrorNumber: errno)
    }
    let base = folder.hasSuffix("/") ? folder : folder + "/"
    let found = names.filter { !fileName($0).hasPrefix(".") }.map { base + $0 }.filter { path in
      let ending = path.lastIndex(of: ".").map { path[path.index(after: $0)...].lowercased() } ?? ""
      return extensions.contains(ending) || ImageFile.isImage(path: path)
    }
    guard !found.isEmpty else { throw MTLError(.badFormat, folder, "has no pictures") }
    return found.sorted()
  }

  private static func matches(of pattern: String) throws(MTLError) -> [String] {
    var result = unsafe glob_t()
    defer { unsafe globfree(&result) }
    guard unsafe glob(pattern, 0, nil, &result) == 0, let names = unsafe result.gl_pathv else {
      throw MTLError(.inputOutput, pattern, "matches no file", systemErrorNumber: ENOENT)
    }
    return unsafe (0..<Int(result.gl_pathc)).compactMap { unsafe names[$0].map { unsafe String(cString: $0) } }
  }
}
