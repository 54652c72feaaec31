import MTLGraph

/// A folder of pictures and one for each kind of truth, with files of the same names: NYUv2 and Cityscapes as LibMTL and
/// mtan keep them (`image/0.npy`, `label/0.npy`, `depth/0.npy`, `normal/0.npy`, with `train/` and `val/` or `test/` above;
/// median-research-group/LibMTL:examples/nyu/create_dataset.py), or the same with pictures and PNG maps.
enum MapLayout {
  /// Of files with something for each pixel.
  static let truthEndings = [".npy", ".png"]
  private static let parts = ["val", "test"]

  static func open(_ folder: Folder) throws(MTLError) -> DataSet? {
    for part in parts {
      if let inner = folder.folder(part), inner.has("image") { return try open(inner) }
    }
    guard let images = folder.folder("image") else { return nil }
    // Whatever lies there is a sample, so that what cannot be read is reported.
    let names = images.names.sorted { (number($0), $0) < (number($1), $1) }
    guard !images.files([".npy"] + Folder.pictureEndings).isEmpty else {
      throw MTLError(.badFormat, images.path, expected: "files 0.npy, 1.npy ... or pictures", found: "none")
    }
    let others = folder.names.compactMap { $0 == "image" ? nil : folder.folder($0) }
    let samples = names.map { name in
      var truths: [String: DataSet.Truth] = [:]
      for other in others {
        let own = truthEndings.map { stem(name) + $0 }
        // A missing file is found when it is read, so that it is reported and counted.
        let file = own.first(where: other.has) ?? own[name.hasSuffix(".npy") ? 0 : 1]
        truths[String(other.path.dropFirst(folder.path.count + 1))] = .map(path: other.path(of: file))
      }
      let path = images.path(of: name)
      let input: DataSet.Input = name.lowercased().hasSuffix(".npy") ? .array(path: path) : .picture(path: path)
      return DataSet.Sample(name: "image/\(name)", input: input, truths: truths)
    }
    return DataSet(layout: "image/ and \(others.count) folders of maps beside it", samples: samples)
  }

  private static func stem(_ name: String) -> String { String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)]) }
  private static func number(_ name: String) -> Int { Int(stem(name)) ?? .max }
}
