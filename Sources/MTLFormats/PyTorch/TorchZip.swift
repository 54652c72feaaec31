import MTLGraph

/// PyTorch's container since 1.6: a ZIP archive of stored members in one folder of any name: `data.pkl`, the object, and
/// `data/<key>`, the memory of its storages (pytorch/pytorch:torch/serialization.py, `_save`).
enum TorchZip {
  static func read(_ file: Bytes, name: String, section: String?) throws(MTLError) -> WeightStore {
    let archive = try ZipArchive(file, name: name)
    let folder = try folder(of: archive, name: name)
    if let order = archive[folder + "byteorder"]?.utf8, order != "little" {
      throw MTLError(.unsupported, "\(name): member 'byteorder'", expected: "little", found: order)
    }
    guard let pickle = archive[folder + "data.pkl"] else {
      throw MTLError(.badFormat, name, expected: "the member '\(folder)data.pkl'", found: "none")
    }
    let (root, heap, _) = try PickleMachine.read(pickle, subject: "\(name): data.pkl")
    let tensors = TorchTensors(heap: heap) { identifier, tensor throws(MTLError) in
      let member = "\(folder)data/\(identifier.key)"
      guard let bytes = archive[member] else {
        throw MTLError(.badFormat, tensor, "its storage '\(clipped(member))' is not in the archive")
      }
      if let expected = try identifier.byteCount(of: tensor), expected != bytes.count {
        throw MTLError(
          .badFormat, "\(tensor): storage '\(clipped(member))'",
          expected: "\(expected) bytes for \(identifier.elementCount) elements of type \(identifier.element.name)",
          found: "\(bytes.count)")
      }
      return bytes
    }
    var store = WeightStore(formatDescription: "PyTorch zip checkpoint")
    try StateDictSearch.fill(&store, from: root, of: tensors, section: section)
    return store
  }

  /// The folder with the object, ending in a slash. Fails for archives of other kinds, by name.
  private static func folder(of archive: ZipArchive, name: String) throws(MTLError) -> String {
    let suffix = "/data.pkl"
    let folders = archive.names.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count - 1)) }
    guard let folder = folders.min(by: { $0.utf8.count < $1.utf8.count }) else {
      throw MTLError(.unsupported, name, expected: "a PyTorch checkpoint", found: foreignKind(archive))
    }
    let isScript = archive.names.contains {
      $0 == folder + "constants.pkl" || $0.hasPrefix(folder + "code/")
    }
    guard !isScript else {
      throw MTLError(
        .unsupported, name, expected: "a checkpoint",
        found: "a TorchScript archive; save model.state_dict(), or export the model to ONNX")
    }
    guard folders.count == 1 else {
      throw MTLError(
        .unsupported, name, expected: "one data.pkl", found: folders.map { $0 + "data.pkl" }.joined(separator: ", "))
    }
    return folder
  }

  private static func foreignKind(_ archive: ZipArchive) -> String {
    if archive.names.contains(where: { $0.hasSuffix(".npy") }) { return "a NumPy .npz archive" }
    if archive.names.contains(where: { $0.hasSuffix(".weights.h5") }) { return "a Keras archive" }
    if archive.names.contains(where: { $0.hasSuffix("archive_format") }) {
      return "an archive of torch.export; save model.state_dict(), or export the model to ONNX"
    }
    let some = archive.names.prefix(4).joined(separator: ", ")
    return "a ZIP archive of \(archive.names.count) members (\(some))"
  }
}
