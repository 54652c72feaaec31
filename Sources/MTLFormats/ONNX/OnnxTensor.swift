import MTLGraph

/// Reads a `TensorProto` whose elements lie in the file, typed or raw, or beside it.
struct OnnxTensor {
  private enum Field {
    static let dimensions: Int32 = 1
    static let type: Int32 = 2
    static let segment: Int32 = 3
    static let floats: Int32 = 4
    static let integers: Int32 = 5
    static let texts: Int32 = 6
    static let longs: Int32 = 7
    static let raw: Int32 = 9
    static let doubles: Int32 = 10
    static let unsigned: Int32 = 11
    static let externalData: Int32 = 13
    static let location: Int32 = 14
  }

  private let message: OnnxMessage
  private let name: String

  static func read(_ message: OnnxMessage, name: String, _ external: ExternalData) throws(MTLError) -> Tensor {
    try OnnxTensor(message: message, name: name).tensor(external)
  }

  private func tensor(_ external: ExternalData) throws(MTLError) -> Tensor {
    let code = message.integer(Field.type)
    guard let type = DataType(standardCode: code) else {
      throw MTLError(.unsupported, name, "has elements of type \(OnnxTensor.typeName(code))")
    }
    guard !message.has(Field.segment) else { throw MTLError(.unsupported, name, "is a segment of a tensor") }
    let shape = try Shape(checking: message.integers(Field.dimensions), of: name)
    if type == .string { return try texts(shape) }
    if message.integer(Field.location) == 1 {
      let bytes = try external.bytes(message.pairs(Field.externalData), of: name)
      return try packed(bytes, type, shape)
    }
    if message.has(Field.raw) { return try packed(message.bytes(Field.raw), type, shape) }
    return try typed(type, shape)
  }

  /// Texts lie in a field of their own, and nowhere else.
  private func texts(_ shape: Shape) throws(MTLError) -> Tensor {
    let count = message.count(Field.texts)
    guard count == shape.elementCount else { throw wrongCount(count, shape.elementCount, "texts", .string, shape) }
    let texts = try (0..<count).map { index throws(MTLError) in
      guard let text = message.bytes(Field.texts, index).utf8 else {
        throw MTLError(.badFormat, name, "its text \(index) is no UTF-8")
      }
      return text
    }
    return try Tensor(texts: texts, shape: shape, of: name)
  }

  /// Elements as they lie in files: little-endian, those of less than a byte packed from the low bits on.
  private func packed(_ bytes: Bytes, _ type: DataType, _ shape: Shape) throws(MTLError) -> Tensor {
    let bits = type.storedBitCount
    guard bits < 8 else {
      return try Tensor(shape: shape, type: type, bytes: bytes.aligned(to: type.byteCount), of: name)
    }
    let perByte = 8 / bits
    let expected = (shape.elementCount + perByte - 1) / perByte
    guard bytes.count == expected else { throw wrongCount(bytes.count, expected, "bytes", type, shape) }
    return Tensor(unchecked: try unpacked(bytes, type, shape.elementCount), type, shape)
  }

  private func unpacked(_ bytes: Bytes, _ type: DataType, _ count: Int) throws(MTLError) -> Bytes {
    let bits = type.storedBitCount
    let perByte = 8 / bits
    return try unsafe Bytes(byteCount: count) { target in
      for index in 0..<count {
        let byte = bytes[index / perByte] ?? 0
        let value = byte >> UInt8(index % perByte * bits) & UInt8((1 << bits) - 1)
        // Signed integers take up the byte with their sign.
        let isNegative = type.isInteger && type.isSigned && value >> UInt8(bits - 1) == 1
        unsafe target[index] = isNegative ? value | ~UInt8((1 << bits) - 1) : value
      }
    }
  }

  /// Elements in the field of numbers that their type has.
  private func typed(_ type: DataType, _ shape: Shape) throws(MTLError) -> Tensor {
    let field: Int32 =
      switch type {
      case .float32: Field.floats
      case .float64: Field.doubles
      case .int64: Field.longs
      case .uint64, .uint32: Field.unsigned
      default: Field.integers
      }
    let (bytes, byteCount) = message.numbers(field)
    let count = byteCount == 0 ? 0 : bytes.count / byteCount
    if byteCount == type.byteCount || count == 0 {
      guard count == shape.elementCount else { throw wrongCount(count, shape.elementCount, "numbers", type, shape) }
      return Tensor(unchecked: bytes, type, shape)
    }
    let perNumber = 8 / min(type.storedBitCount, 8)
    let expected = (shape.elementCount + perNumber - 1) / perNumber
    guard count == expected else { throw wrongCount(count, expected, "numbers", type, shape) }
    // The low bytes of each number are the element.
    let width = type.byteCount
    let low = try unsafe Bytes(byteCount: count * width) { target in
      for index in 0..<count {
        for byte in 0..<width { unsafe target[index * width + byte] = bytes[index * byteCount + byte] ?? 0 }
      }
    }
    return try packed(low, type, shape)
  }

  private func wrongCount(_ found: Int, _ expected: Int, _ what: String, _ type: DataType, _ shape: Shape) -> MTLError {
    MTLError(.badFormat, name, expected: "\(expected) \(what) for \(type) \(shape)", found: "\(found)")
  }

  static func typeName(_ code: Int) -> String {
    switch code {
    case 0: "undefined"
    case 14: "complex64"
    case 15: "complex128"
    default: DataType(standardCode: code)?.description ?? "\(code), which is unknown"
    }
  }
}
