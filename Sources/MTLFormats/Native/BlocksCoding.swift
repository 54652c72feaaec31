import MTLGraph

extension NativeFile {
  /// {"order": 1, "shapes": {TENSOR: [O, I] or [O, I, KH, KW]}}: tensors that hold whole weights in the order of kernels, which
  /// is that of `ByteBlocks`, and the shapes that these weights have.
  static let blocksKey = "mtl_infer_blocks"
  private static let order: Int64 = 1

  static func metadata(blocks items: [SafetensorsWriter.Item]) throws(MTLError) -> [JSONValue.Member] {
    let shapes = items.compactMap { item in
      item.weightShape.map { JSONValue.Member(item.name, .array($0.map { .integer(Int64($0)) })) }
    }
    guard !shapes.isEmpty else { return [] }
    return [.init(blocksKey, try text(.object([.init("order", .integer(order)), .init("shapes", .object(shapes))])))]
  }

  /// Gives weights that lie in blocks their own shapes.
  static func readBlocks(of store: inout WeightStore, name: String) throws(MTLError) {
    guard let text = store.metadata[blocksKey] else { return }
    let subject = "\(name): \(blocksKey)"
    let value = try JSONValue.parse(Bytes(copying: Array(text.utf8)), of: subject)
    guard let found = value["order"]?.integer, let shapes = value["shapes"]?.members else {
      throw MTLError(.badFormat, subject, expected: "an order and shapes", found: value.kindDescription)
    }
    guard found == order else {
      throw MTLError(.formatTooNew, "\(subject).order", expected: "\(order)", found: "\(found)")
    }
    for member in shapes {
      let title = "\(subject).shapes.\(clipped(member.name))"
      let sizes = (member.value.elements ?? []).compactMap { $0.integer.flatMap { Int(exactly: $0) } }
      let shape = try Shape(checking: sizes, of: title)
      guard let entry = store[member.name], entry.type == .int8, entry.blocks == nil,
        sizes.count == member.value.elements?.count, let blocks = ByteBlocks.shape(of: shape)
      else { throw MTLError(.badFormat, title, "is no shape of weights that lie in the file as bytes") }
      guard entry.shape == blocks else {
        throw MTLError(.badFormat, title, expected: "blocks of \(blocks)", found: "\(entry.shape)")
      }
      store.replace(
        member.name,
        by: try WeightEntry(shape: shape, blocks: ByteBlocks(entry.storage, of: shape, title), of: title))
    }
  }
}
