import MTLGraph

/// NYUv2 and Cityscapes as LibMTL and mtan keep them: `image/0.npy`, `label/0.npy`, `depth/0.npy`, `normal/0.npy`, with
/// `train/` and `val/` (or `test/`) above (median-research-group/LibMTL:examples/nyu/create_dataset.py).
enum ArrayLayout {
  private static let parts = ["val", "test"]

  static func open(_ folder: Folder) throws(MTLError) -> DataSet? {
    for part in parts {
      if let inner = folder.folder(part), inner.has("image") { return try open(inner) }
    }
    guard let images = folder.folder("image") else { return nil }
    let names = images.files([".npy"]).sorted { (number($0), $0) < (number($1), $1) }
    guard !names.isEmpty else {
      throw MTLError(.badFormat, images.path, expected: "files 0.npy, 1.npy ...", found: "none")
    }
    let others = folder.names.compactMap { $0 == "image" ? nil : folder.folder($0) }
    let samples = names.map { name in
      var truths: [String: DataSet.Truth] = [:]
      for other in others {
        // A missing file is found when it is read, so that it is reported and counted.
        truths[String(other.path.dropFirst(folder.path.count + 1))] = .array(path: other.path(of: name))
      }
      return DataSet.Sample(name: "image/\(name)", input: .array(path: images.path(of: name)), truths: truths)
    }
    return DataSet(layout: "arrays in image/ and \(others.count) folders beside it", samples: samples)
  }

  private static func number(_ name: String) -> Int { Int(name.dropLast(4)) ?? .max }
}
