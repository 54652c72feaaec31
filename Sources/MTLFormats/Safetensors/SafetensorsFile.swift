import MTLGraph

/// The safetensors container: a header length of 8 bytes, a JSON object of that length, and the tensors' bytes without
/// holes (huggingface/safetensors:README.md, "Format", and the checks of its reader).
enum SafetensorsFile {
  static let maximumHeaderLength = 100_000_000

  /// One tensor of the header.
  private struct Item {
    let name: String
    let element: ElementType
    let shape: Shape
    let begin: Int
    let end: Int
  }

  static func read(_ file: Bytes, name: String) throws(MTLError) -> WeightStore {
    let length = try file.size(at: 0, of: "\(name): header length")
    guard length <= maximumHeaderLength else {
      throw MTLError(.limit, "\(name): header", expected: "at most \(maximumHeaderLength) bytes", found: "\(length)")
    }
    let header = try file.slice(offset: 8, length: length, of: "\(name): header")
    let data = try file.slice(offset: 8 + length, length: file.count - 8 - length, of: "\(name): data")
    guard header[0] == UInt8(ascii: "{"),
      let members = try JSONValue.parse(header, of: "\(name): header").members
    else {
      throw MTLError(.badFormat, "\(name): header", expected: "a JSON object from the first byte on", found: "none")
    }
    var store = WeightStore(formatDescription: "safetensors")
    var items: [Item] = []
    for member in members {
      if member.name == "__metadata__" {
        store.metadata = try metadata(member.value, name)
      } else {
        items.append(try item(member, in: name))
      }
    }
    try checkCoverage(items, byteCount: data.count, name)
    // What fills the gaps of the library's own files is no tensor.
    let isOwn = store.metadata[NativeFile.cardKey] != nil
    for item in items where !(isOwn && item.name.hasPrefix(SafetensorsWriter.paddingPrefix)) {
      let bytes = try data.slice(offset: item.begin, length: item.end - item.begin, of: item.name)
      try store.add(
        item.name, WeightEntry(shape: item.shape, element: item.element, dense: bytes, of: item.name))
    }
    try NativeFile.readBlocks(of: &store, name: name)
    try NativeFile.readQuantization(of: &store, name: name)
    try NativeFile.addAliases(to: &store, name: name)
    return store
  }

  private static func metadata(_ value: JSONValue, _ name: String) throws(MTLError) -> [String: String] {
    guard let members = value.members else {
      throw MTLError(.badFormat, "\(name): __metadata__", expected: "an object", found: value.kindDescription)
    }
    var metadata: [String: String] = [:]
    for member in members {
      guard let text = member.value.string else {
        throw MTLError(
          .badFormat, "\(name): __metadata__.\(clipped(member.name))", expected: "a string",
          found: member.value.kindDescription)
      }
      metadata[member.name] = text
    }
    return metadata
  }

  private static func item(_ member: JSONValue.Member, in file: String) throws(MTLError) -> Item {
    var subject: String { "\(file): tensor '\(clipped(member.name))'" }
    guard let fields = member.value.members else {
      throw MTLError(.badFormat, subject, expected: "an object", found: member.value.kindDescription)
    }
    var (type, sizes, places): (JSONValue?, JSONValue?, JSONValue?)
    for field in fields {
      switch field.name {
      case "dtype": type = field.value
      case "shape": sizes = field.value
      case "data_offsets": places = field.value
      default: throw MTLError(.badFormat, subject, "has the unknown field '\(clipped(field.name))'")
      }
    }
    guard let type = type?.string else {
      throw MTLError(.badFormat, subject, expected: "the string 'dtype'", found: "none")
    }
    let shape = try Shape(checking: integers(sizes, "shape", subject), of: subject)
    let offsets = try integers(places, "data_offsets", subject)
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw MTLError(.badFormat, subject, expected: "'data_offsets' [begin, end]", found: "\(offsets.prefix(3))")
    }
    let element = ElementType(safetensors: type)
    if let size = element.byteCount {
      // The shape has at most 2^40 elements.
      let expected = shape.elementCount * size
      guard offsets[1] - offsets[0] == expected else {
        throw MTLError(
          .badFormat, subject, expected: "\(expected) bytes for \(element.name) \(shape)",
          found: "\(offsets[1] - offsets[0])")
      }
    }
    return Item(name: member.name, element: element, shape: shape, begin: offsets[0], end: offsets[1])
  }

  private static func integers(
    _ value: JSONValue?, _ field: String, _ subject: @autoclosure () -> String
  ) throws(MTLError) -> [Int] {
    let elements = value?.elements ?? []
    let integers = elements.compactMap { element -> Int? in
      if case .integer(let integer) = element, integer >= 0 { Int(integer) } else { nil }
    }
    guard value?.elements != nil, integers.count == elements.count else {
      throw MTLError(
        .badFormat, subject(), expected: "'\(field)' as an array of integers of at least 0",
        found: value?.kindDescription ?? "none")
    }
    return integers
  }

  /// The tensors must follow each other and end with the file: bytes that belong to nobody or to two could hide other
  /// contents.
  private static func checkCoverage(_ items: [Item], byteCount: Int, _ name: String) throws(MTLError) {
    var position = 0
    let order = items.indices.sorted { (items[$0].begin, items[$0].end) < (items[$1].begin, items[$1].end) }
    for item in order.lazy.map({ items[$0] }) {
      guard item.begin == position else {
        throw MTLError(
          .badFormat, "\(name): tensor '\(clipped(item.name))'", expected: "its data at \(position)",
          found: "\(item.begin)")
      }
      position = item.end
    }
    guard position == byteCount else {
      throw MTLError(.badFormat, name, expected: "\(position) bytes of data", found: "\(byteCount)")
    }
  }
}

extension DataType {
  /// The `dtype` of a safetensors file; nil for types that it has no name for, or one that older readers do not know.
  var safetensorsName: String? {
    switch self {
    case .float64: "F64"
    case .float32: "F32"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .int64: "I64"
    case .int32: "I32"
    case .int16: "I16"
    case .int8: "I8"
    case .uint8: "U8"
    case .bool: "BOOL"
    case .uint64: "U64"
    case .uint32: "U32"
    case .uint16: "U16"
    default: nil
    }
  }
}

extension ElementType {
  /// The element type of a safetensors `dtype`. Types of less than a byte have no byte count.
  init(safetensors name: String) {
    switch name {
    case "F64": self.init(.float64)
    case "F32": self.init(.float32)
    case "F16": self.init(.float16)
    case "BF16": self.init(.bfloat16)
    case "I64": self.init(.int64)
    case "I32": self.init(.int32)
    case "I16": self.init(.int16)
    case "I8": self.init(.int8)
    case "U8": self.init(.uint8)
    case "BOOL": self.init(.bool)
    case "U64": self.init(.uint64)
    case "U32": self.init(.uint32)
    case "U16": self.init(.uint16)
    case "C64": self.init(unsupported: name, byteCount: 8)
    case "F8_E4M3", "F8_E5M2", "F8_E8M0": self.init(unsupported: name, byteCount: 1)
    default: self.init(unsupported: name, byteCount: nil)
    }
  }
}
