import FoundationEssentials
import Glibc
import MTLGraph

/// A folder and the names in it.
struct Folder {
  let path: String
  let names: [String]

  init(_ path: String) throws(MTLError) {
    var isFolder = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder,
      let names = try? FileManager.default.contentsOfDirectory(atPath: path)
    else {
      throw MTLError(.inputOutput, path, "is no folder that can be read", systemErrorNumber: ENOENT)
    }
    self.path = path
    self.names = names.filter { !$0.hasPrefix(".") }.sorted()
  }

  func path(of name: String) -> String { "\(path)/\(name)" }
  func has(_ name: String) -> Bool { names.contains(name) }

  /// The folder of that name in this one.
  func folder(_ name: String) -> Folder? { has(name) ? try? Folder(path(of: name)) : nil }

  /// Names with one of these endings.
  func files(_ endings: [String]) -> [String] {
    names.filter { name in endings.contains { name.lowercased().hasSuffix($0) } }
  }

  static let pictureEndings = [".jpg", ".jpeg", ".png", ".webp"]
}
