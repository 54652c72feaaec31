import Foundation
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
      var isFolder: ObjCBool = false
      if unsafe FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) {
        paths += isFolder.boolValue ? try pictures(below: argument) : [argument]
      } else if argument.contains(where: { "*?[".contains($0) }) {
        paths += try matches(of: argument)
      } else {
        paths.append(argument)
      }
    }
    return paths
  }

  private static func pictures(below folder: String) throws(MTLError) -> [String] {
    guard unsafe access(folder, R_OK | X_OK) == 0, let walker = FileManager.default.enumerator(atPath: folder) else {
      throw MTLError(.inputOutput, folder, "cannot be read", systemErrorNumber: errno)
    }
    let base = folder.hasSuffix("/") ? folder : folder + "/"
    var found: [String] = []
    for case let name as String in walker where !(name as NSString).lastPathComponent.hasPrefix(".") {
      let path = base + name
      let isPicture = extensions.contains((name as NSString).pathExtension.lowercased())
      if isPicture || ImageFile.isImage(path: path) { found.append(path) }
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
