import MTLGraph

/// The header of a `.npy` file: a Python dictionary literal with exactly the keys `descr`, `fortran_order` and `shape`.
struct NumpyHeader {
  private(set) var type = DataType.float32
  private(set) var isFortranOrder = false
  private(set) var shape: Shape = []

  init(_ text: String, subject: String) throws(MTLError) {
    var scanner = Scanner(rest: text.utf8[...], subject: subject)
    var seen: Set<String> = []
    try scanner.expect("{")
    while !scanner.accept("}") {
      let key = try scanner.quoted()
      guard seen.insert(key).inserted else { throw MTLError(.badFormat, subject, "has the key '\(key)' twice") }
      try scanner.expect(":")
      switch key {
      case "descr": type = try NumpyHeader.type(try scanner.quoted(), subject)
      case "fortran_order": isFortranOrder = try scanner.bool()
      case "shape": shape = try Shape(checking: try scanner.tuple(), of: subject)
      default: throw MTLError(.badFormat, subject, "has the unknown key '\(key)'")
      }
      if !scanner.accept(",") {
        try scanner.expect("}")
        break
      }
    }
    try scanner.end()
    guard seen.count == 3 else {
      throw MTLError(
        .badFormat, subject, expected: "the keys descr, fortran_order and shape",
        found: seen.isEmpty ? "none" : seen.sorted().joined(separator: ", "))
    }
  }

  /// NumPy's name of a type; nil where it has none.
  static func descriptor(_ type: DataType) -> String? {
    switch type {
    case .float64: "<f8"
    case .float32: "<f4"
    case .float16: "<f2"
    case .int64: "<i8"
    case .int32: "<i4"
    case .int16: "<i2"
    case .int8: "|i1"
    case .uint64: "<u8"
    case .uint32: "<u4"
    case .uint16: "<u2"
    case .uint8: "|u1"
    case .bool: "|b1"
    default: nil
    }
  }

  private static func type(_ descriptor: String, _ subject: String) throws(MTLError) -> DataType {
    switch descriptor {
    case "<f8": return .float64
    case "<f4": return .float32
    case "<f2": return .float16
    case "<i8": return .int64
    case "<i4": return .int32
    case "<i2": return .int16
    case "|i1", "<i1": return .int8
    case "|u1", "<u1": return .uint8
    case "<u2": return .uint16
    case "<u4": return .uint32
    case "<u8": return .uint64
    case "|b1", "<b1": return .bool
    default:
      throw MTLError(
        .unsupported, subject, expected: "little-endian f8, f4, f2, i8, i4, i2, i1, u8, u4, u2, u1 or b1 elements",
        found: "'\(descriptor)'")
    }
  }

  /// Just the literals that such a header has.
  private struct Scanner {
    var rest: Substring.UTF8View
    let subject: String

    mutating func accept(_ character: Character) -> Bool {
      rest = rest.drop { " \t\r\n".utf8.contains($0) }
      guard let first = rest.first, first == character.asciiValue else { return false }
      rest.removeFirst()
      return true
    }

    mutating func expect(_ character: Character) throws(MTLError) {
      guard accept(character) else {
        throw MTLError(
          .badFormat, subject, expected: "'\(character)'",
          found: rest.isEmpty ? "the end" : "'\(String(decoding: rest.prefix(16), as: UTF8.self))'")
      }
    }

    mutating func quoted() throws(MTLError) -> String {
      let quote: Character = accept("\"") ? "\"" : "'"
      if quote == "'" { try expect("'") }
      let text = rest.prefix { $0 != quote.asciiValue }
      rest = rest.dropFirst(text.count)
      try expect(quote)
      return String(decoding: text, as: UTF8.self)
    }

    mutating func bool() throws(MTLError) -> Bool {
      _ = accept(" ")
      for (word, value) in [("True", true), ("False", false)] where rest.starts(with: word.utf8) {
        rest = rest.dropFirst(word.utf8.count)
        return value
      }
      throw MTLError(.badFormat, subject, expected: "True or False", found: "something else")
    }

    /// `()`, `(3,)`, `(3, 4)`; Python 2 wrote `3L`.
    mutating func tuple() throws(MTLError) -> [Int] {
      var sizes: [Int] = []
      try expect("(")
      while !accept(")") {
        _ = accept(" ")
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard sizes.count <= Shape.maximumRank, let size = Int(String(decoding: digits, as: UTF8.self)) else {
          throw MTLError(.badFormat, subject, expected: "'shape' as up to 8 integers", found: "something else")
        }
        rest = rest.dropFirst(digits.count)
        if rest.first == UInt8(ascii: "L") { rest.removeFirst() }
        sizes.append(size)
        if !accept(",") {
          try expect(")")
          break
        }
      }
      return sizes
    }

    mutating func end() throws(MTLError) {
      rest = rest.drop { " \t\r\n".utf8.contains($0) }
      guard rest.isEmpty else { throw MTLError(.badFormat, subject, "has something behind the dictionary") }
    }
  }
}
