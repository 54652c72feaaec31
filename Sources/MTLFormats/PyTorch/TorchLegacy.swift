import MTLGraph

/// PyTorch's container before 1.6: five pickles (magic number, protocol version, facts of the writer's machine, the
/// object, the storages' keys), then the storages in the order of the keys, each an element count of 8 bytes and its
/// elements (pytorch/pytorch:torch/serialization.py, `_legacy_save`).
enum TorchLegacy {
  static func read(_ file: Bytes, name: String, section: String?) throws(MTLError) -> WeightStore {
    var position = try PickleMachine.read(file, subject: "\(name): magic number").end
    position = try checkVersion(file, at: position, name)
    position = try checkSystem(file, at: position, name)
    let (root, heap, end) = try PickleMachine.read(file, at: position, subject: "\(name): object pickle")
    let storages = try storages(file, at: end, of: heap, name)
    let tensors = TorchTensors(heap: heap) { identifier, tensor throws(MTLError) in
      let key = identifier.view?.key ?? identifier.key
      guard let bytes = storages[key] else {
        throw MTLError(.badFormat, tensor, "its storage '\(clipped(key))' is not in the file")
      }
      return try part(of: bytes, identifier, tensor)
    }
    var store = WeightStore(formatDescription: "PyTorch legacy checkpoint")
    try StateDictSearch.fill(&store, from: root, of: tensors, section: section)
    return store
  }

  private static func checkVersion(_ file: Bytes, at position: Int, _ name: String) throws(MTLError) -> Int {
    let (root, heap, end) = try PickleMachine.read(file, at: position, subject: "\(name): protocol version")
    guard heap.integer(root) == 1001 else {
      throw MTLError(
        .formatTooNew, "\(name): protocol version", expected: "1001",
        found: heap.integer(root).map(String.init) ?? "no number")
    }
    return end
  }

  private static func checkSystem(_ file: Bytes, at position: Int, _ name: String) throws(MTLError) -> Int {
    let (root, heap, end) = try PickleMachine.read(file, at: position, subject: "\(name): system information")
    if let order = heap.members(root)?.first(where: { $0.name == "little_endian" })?.value,
      case .bool(false) = heap[order]
    {
      throw MTLError(.unsupported, "\(name): byte order", expected: "little-endian", found: "big-endian")
    }
    return end
  }

  /// The memory of all storages by key. Their sizes follow from the object's pickle, which states the element types.
  private static func storages(
    _ file: Bytes, at position: Int, of heap: PickleHeap, _ name: String
  ) throws(MTLError) -> [String: Bytes] {
    var elements: [String: ElementType] = [:]
    for case .persistent(let reference) in heap.values {
      guard let identifier = TorchStorageIdentifier(reference, in: heap) else { continue }
      elements[identifier.view?.key ?? identifier.key] = identifier.element
    }
    let subject = "\(name): storage keys"
    let (root, keyHeap, end) = try PickleMachine.read(file, at: position, subject: subject)
    guard let keys = keyHeap.sequence(root) else {
      throw MTLError(.badFormat, subject, expected: "a list", found: "something else")
    }
    var storages: [String: Bytes] = [:]
    var offset = end
    for reference in keys {
      guard let key = keyHeap.text(reference) ?? keyHeap.integer(reference).map(String.init) else {
        throw MTLError(.badFormat, subject, expected: "texts", found: "something else")
      }
      let place = "\(name): storage '\(clipped(key))'"
      guard let size = elements[key]?.byteCount else {
        throw MTLError(.unsupported, place, "its element type is unknown, so what follows cannot be found")
      }
      let count = try file.size(at: offset, of: place)
      let (byteCount, overflow) = count.multipliedReportingOverflow(by: size)
      let bytes = try file.slice(offset: offset + 8, length: overflow ? .max : byteCount, of: place)
      guard storages.updateValue(bytes, forKey: key) == nil else {
        throw MTLError(.badFormat, place, "is in the file twice")
      }
      offset += 8 + bytes.count
    }
    return storages
  }

  /// The memory of a storage, or of a view of one. Old files state element counts for the whole of a viewed storage.
  private static func part(
    of bytes: Bytes, _ identifier: TorchStorageIdentifier, _ tensor: String
  ) throws(MTLError) -> Bytes {
    let size = identifier.element.byteCount ?? 1
    guard let view = identifier.view else {
      let stored = bytes.count / size
      guard stored == identifier.elementCount else {
        throw MTLError(
          .badFormat, "\(tensor): storage '\(clipped(identifier.key))'",
          expected: "\(identifier.elementCount) elements",
          found: "\(stored)")
      }
      return bytes
    }
    let (offset, offsetOverflow) = view.offset.multipliedReportingOverflow(by: size)
    let (length, lengthOverflow) = view.elementCount.multipliedReportingOverflow(by: size)
    guard !offsetOverflow, !lengthOverflow else {
      throw MTLError(.badFormat, tensor, "views \(view.elementCount) elements at \(view.offset) of its storage")
    }
    return try bytes.slice(offset: offset, length: length, of: "\(tensor): view of storage '\(clipped(view.key))'")
  }
}
