import CMTLJson
import MTLGraph

extension JSONValue {
  /// Deepest nesting of arrays and objects.
  public static let maximumDepth = 64
  /// Most values and member names of one text; bounds the memory that a text of a few bytes per value can ask for.
  public static let maximumValueCount = 4 << 20

  /// Parses RFC 8259 text in UTF-8. Fails with `badFormat` for malformed text or an object with two members of one name
  /// (readers disagree on which of them counts), and with `limit` beyond the limits above.
  ///
  /// - Parameter depth: how deep arrays and objects may nest.
  public static func parse(
    _ bytes: Bytes, of subject: String, depth: Int = maximumDepth
  ) throws(MTLError) -> JSONValue {
    var tape = unsafe mtl_json_tape()
    defer { unsafe mtl_json_release(&tape) }
    let status = unsafe bytes.withUnsafeBytes { text in
      unsafe mtl_json_parse(
        text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count, UInt32(depth), maximumValueCount, &tape)
    }
    guard status == Int32(MTL_JSON_OK) else {
      throw unsafe failure(status, tape, bytes, subject)
    }
    var reader = unsafe TapeReader(tape: tape, subject: subject)
    return try reader.value()
  }

  private static func failure(
    _ status: Int32, _ tape: mtl_json_tape, _ bytes: Bytes, _ subject: String
  ) -> MTLError {
    let kind: MTLError.Kind =
      switch Int(status) {
      case MTL_JSON_LIMIT: .limit
      case MTL_JSON_OUT_OF_MEMORY: .outOfMemory
      default: .badFormat
      }
    var problem = unsafe tape.problem.map { unsafe String(cString: $0) } ?? "malformed"
    if problem.hasSuffix(".") { problem.removeLast() }
    let offset = unsafe Swift.min(tape.problem_offset, bytes.count)
    let line = unsafe 1 + bytes.withUnsafeBytes { unsafe $0.prefix(offset).count { $0 == UInt8(ascii: "\n") } }
    return MTLError(kind, subject, "JSON: \(problem) (line \(line), byte \(offset))")
  }
}

/// Walks the nodes of a tape once, in order. The recursion is as deep as the text, which the parser has limited.
@safe private struct TapeReader {
  let tape: mtl_json_tape
  let subject: String
  var next = 0

  init(tape: mtl_json_tape, subject: String) {
    unsafe self.tape = tape
    self.subject = subject
  }

  mutating func value() throws(MTLError) -> JSONValue {
    let node = try node()
    switch Int(node.kind) {
    case MTL_JSON_FALSE: return .bool(false)
    case MTL_JSON_TRUE: return .bool(true)
    case MTL_JSON_INTEGER: return .integer(Int64(bitPattern: node.payload))
    case MTL_JSON_NUMBER: return .number(Double(bitPattern: node.payload))
    case MTL_JSON_STRING: return .string(try text(of: node))
    case MTL_JSON_ARRAY: return .array(try elements(Int(node.count)))
    case MTL_JSON_OBJECT: return .object(try members(Int(node.count)))
    default: return .null
    }
  }

  private mutating func elements(_ count: Int) throws(MTLError) -> [JSONValue] {
    var elements: [JSONValue] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try value()) }
    return elements
  }

  private mutating func members(_ count: Int) throws(MTLError) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    members.reserveCapacity(count)
    // Comparing few names is quicker than hashing them.
    let isLarge = count > 8
    var names = Set<String>(minimumCapacity: isLarge ? count : 0)
    for _ in 0..<count {
      let name = try text(of: try node())
      guard isLarge ? names.insert(name).inserted : !members.contains(where: { $0.name == name }) else {
        throw MTLError(.badFormat, subject, "JSON: two members of one object have the name '\(clipped(name))'")
      }
      members.append(JSONValue.Member(name, try value()))
    }
    return members
  }

  private mutating func node() throws(MTLError) -> mtl_json_node {
    guard unsafe next < tape.node_count, let nodes = unsafe tape.nodes else {
      throw MTLError(.internalFault, subject, "the JSON tape ends early")
    }
    defer { next += 1 }
    return unsafe nodes[next]
  }

  private func text(of node: mtl_json_node) throws(MTLError) -> String {
    let area = unsafe UnsafeRawBufferPointer(start: tape.text, count: tape.text_length)
    let start = Int(node.payload)
    let text = unsafe String(decoding: area[start..<start + Int(node.count)], as: UTF8.self)
    // The parser has checked the text's own bytes. The escape \udc00 alone is a surrogate without a partner: no UTF-8, of
    // which each byte becomes three here. Decoding and counting is quicker than validating.
    guard text.utf8.count == Int(node.count) else {
      throw MTLError(.badFormat, subject, "JSON: a string has half of a surrogate pair")
    }
    return text
  }
}
