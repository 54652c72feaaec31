import MTLGraph

/// Writes a safetensors file whose tensors begin at multiples of 64 bytes, so that they can be used where they are mapped.
struct SafetensorsWriter {
  struct Item {
    let name: String
    /// `dtype` of the format.
    let type: String
    let shape: [Int]
    let bytes: Bytes
  }

  private static let alignment = 64

  private var items: [Item] = []
  private var byteCount = 0
  private var paddingCount = 0

  /// The format allows no holes: what fills a tensor's last line is a tensor as well. Those that need none come first.
  init(_ tensors: [Item]) {
    let isWhole = { (item: Item) in item.bytes.count % SafetensorsWriter.alignment == 0 }
    for item in tensors.filter(isWhole) + tensors.filter({ !isWhole($0) }) {
      let rest = byteCount % SafetensorsWriter.alignment
      if rest != 0 { addPadding(SafetensorsWriter.alignment - rest) }
      add(item)
    }
  }

  private mutating func add(_ item: Item) {
    items.append(item)
    byteCount += item.bytes.count
  }

  private mutating func addPadding(_ count: Int) {
    add(
      Item(
        name: ".padding.\(paddingCount)", type: "U8", shape: [count],
        bytes: Bytes(copying: [UInt8](repeating: 0, count: count))))
    paddingCount += 1
  }

  /// Writes the file, complete or not at all.
  func write(to path: String, metadata: [JSONValue.Member]) throws(MTLError) {
    var members = [JSONValue.Member("__metadata__", .object(metadata))]
    var offset = 0
    for item in items {
      let end = offset + item.bytes.count
      members.append(
        .init(
          item.name,
          .object([
            .init("dtype", .string(item.type)),
            .init("shape", .array(item.shape.map { .integer(Int64($0)) })),
            .init("data_offsets", .array([.integer(Int64(offset)), .integer(Int64(end))])),
          ])))
      offset = end
    }
    var header = try JSONValue.object(members).text()
    let rest = (8 + header.count) % SafetensorsWriter.alignment
    if rest != 0 {
      header += [UInt8](repeating: UInt8(ascii: " "), count: SafetensorsWriter.alignment - rest)
    }
    guard header.count <= SafetensorsFile.maximumHeaderLength else {
      throw MTLError(
        .limit, path, expected: "a header of at most \(SafetensorsFile.maximumHeaderLength) bytes",
        found: "\(header.count)")
    }
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try NewFile.write([Bytes(copying: length + header)] + items.map(\.bytes), to: path)
  }
}
