import CMTLJson
import MTLGraph

extension JSONValue {
  /// The value as UTF-8 text, in one line or with line breaks and indents. What `parse` reads from it is equal.
  public func text(isIndented: Bool = false) throws(MTLError) -> [UInt8] {
    var tape = TapeBuilder()
    tape.add(self)
    return try tape.written(isIndented)
  }
}

/// Lays a value out as the parser's flat array of nodes.
private struct TapeBuilder {
  private var nodes: [mtl_json_node] = []
  private var text: [UInt8] = []

  private mutating func push(_ kind: Int, _ payload: UInt64 = 0, count: Int = 0) {
    nodes.append(mtl_json_node(payload: payload, count: UInt32(count), kind: UInt32(kind)))
  }

  private mutating func push(string: String) {
    let start = text.count
    text.append(contentsOf: string.utf8)
    push(MTL_JSON_STRING, UInt64(start), count: text.count - start)
  }

  mutating func add(_ value: JSONValue) {
    switch value {
    case .null: push(MTL_JSON_NULL)
    case .bool(let bool): push(bool ? MTL_JSON_TRUE : MTL_JSON_FALSE)
    case .integer(let integer): push(MTL_JSON_INTEGER, UInt64(bitPattern: integer))
    case .number(let number): push(MTL_JSON_NUMBER, number.bitPattern)
    case .string(let string): push(string: string)
    case .array(let elements):
      push(MTL_JSON_ARRAY, count: elements.count)
      for element in elements { add(element) }
    case .object(let members):
      push(MTL_JSON_OBJECT, count: members.count)
      for member in members {
        push(string: member.name)
        add(member.value)
      }
    }
  }

  func written(_ isIndented: Bool) throws(MTLError) -> [UInt8] {
    var output = unsafe mtl_json_text()
    defer { unsafe mtl_json_release_text(&output) }
    let status = unsafe nodes.withUnsafeBufferPointer { nodes in
      unsafe text.withUnsafeBytes { text in
        var tape = unsafe mtl_json_tape()
        unsafe (tape.nodes, tape.node_count) = (nodes.baseAddress, nodes.count)
        unsafe (tape.text, tape.text_length) = unsafe (
          text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count
        )
        return unsafe mtl_json_write(&tape, isIndented ? 1 : 0, &output)
      }
    }
    guard status == Int32(MTL_JSON_OK) else {
      let isMemory = status == Int32(MTL_JSON_OUT_OF_MEMORY)
      throw MTLError(isMemory ? .outOfMemory : .internalFault, "JSON", "the value cannot be written")
    }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: output.bytes, count: output.length))
  }
}
