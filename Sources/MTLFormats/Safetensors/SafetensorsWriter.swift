import MTLGraph

/// Writes a safetensors file whose tensors begin at multiples of 64 bytes, so that they can be used where they are mapped;
/// tensors of fewer bytes at multiples of their elements' size.
struct SafetensorsWriter {
  struct Item {
    let name: String
    /// `dtype` of the format.
    let type: String
    let shape: [Int]
    let bytes: Bytes
    /// Of whole weights in blocks, whose `shape` is that of the blocks: their own.
    var weightShape: [Int]?
  }

  private static let alignment = 64
  /// Of the names of what fills gaps.
  static let paddingPrefix = ".padding."

  /// Whether a tensor may have this name: one that is the format's own, or the padding's, would be another thing.
  static func canName(_ name: String) -> Bool {
    !name.isEmpty && name != "__metadata__" && name.utf8.first != UInt8(ascii: ".")
  }

  /// In the order of their data.
  private var items: [Item] = []
  private var offsets: [String: Int] = [:]
  private var byteCount = 0
  private var paddingCount = 0
  /// In the order of the header, which is the order that readers give them.
  private let names: [String]

  /// The format allows no holes: what fills a tensor's last line is a tensor as well. Data of those that need none come
  /// first, and last the small ones, of which quantized graphs have hundreds: wide elements before narrow ones, so that they
  /// need none either.
  init(_ tensors: [Item]) {
    names = tensors.map(\.name)
    let isWhole = { (item: Item) in item.bytes.count % SafetensorsWriter.alignment == 0 }
    let isSmall = { (item: Item) in item.bytes.count < SafetensorsWriter.alignment }
    let large = tensors.filter { !isSmall($0) }
    for item in large.filter(isWhole) + large.filter({ !isWhole($0) }) {
      align()
      add(item)
    }
    align()
    let width = { (item: Item) in ElementType(safetensors: item.type).byteCount ?? 1 }
    for item in tensors.filter(isSmall).sorted(by: { width($0) > width($1) }) { add(item) }
  }

  private mutating func align() {
    let rest = byteCount % SafetensorsWriter.alignment
    if rest != 0 { addPadding(SafetensorsWriter.alignment - rest) }
  }

  private mutating func add(_ item: Item) {
    items.append(item)
    offsets[item.name] = byteCount
    byteCount += item.bytes.count
  }

  private mutating func addPadding(_ count: Int) {
    add(
      Item(
        name: "\(SafetensorsWriter.paddingPrefix)\(paddingCount)", type: "U8", shape: [count],
        bytes: Bytes(copying: [UInt8](repeating: 0, count: count))))
    paddingCount += 1
  }

  private func member(_ item: Item) -> JSONValue.Member {
    let begin = offsets[item.name] ?? 0
    return .init(
      item.name,
      .object([
        .init("dtype", .string(item.type)), .init("shape", .array(item.shape.map { .integer(Int64($0)) })),
        .init("data_offsets", .array([begin, begin + item.bytes.count].map { .integer(Int64($0)) })),
      ]))
  }

  /// Writes the file, complete or not at all.
  func write(to path: String, metadata: [JSONValue.Member]) throws(MTLError) {
    let places = Dictionary(items.map { ($0.name, $0) }) { first, _ in first }
    let padding = (0..<paddingCount).map { "\(SafetensorsWriter.paddingPrefix)\($0)" }
    let members = (names + padding).compactMap { places[$0] }.map { member($0) }
    var header = try JSONValue.object([.init("__metadata__", .object(metadata))] + members).text()
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
