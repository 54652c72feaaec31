import MTLGraph

#if ONNX
  import CMTLOnnx

  /// A message of an ONNX file. Fields go by the numbers of onnx/onnx:onnx/onnx-ml.proto; absent ones read as empty.
  @safe struct OnnxMessage {
    /// Keeps the memory of all messages.
    private let owner: Owner
    private let message: OpaquePointer

    @safe private final class Owner: @unchecked Sendable {
      let model: OpaquePointer
      init(_ model: OpaquePointer) { unsafe self.model = model }
      deinit { unsafe mtl_onnx_release(model) }
    }

    private init(_ owner: Owner, _ message: OpaquePointer) {
      self.owner = owner
      unsafe self.message = message
    }

    /// Deepest nesting of messages; a graph inside a node's attribute takes three levels.
    private static let maximumDepth: UInt32 = 100

    /// Parses the bytes as a model.
    static func model(_ bytes: Bytes, name: String) throws(MTLError) -> OnnxMessage {
      var model: OpaquePointer?
      let status = unsafe bytes.withUnsafeBytes { memory in
        unsafe mtl_onnx_parse(memory.baseAddress, memory.count, maximumDepth, &model)
      }
      switch Int(status) {
      case MTL_ONNX_OK: break
      case MTL_ONNX_TOO_LARGE:
        throw MTLError(
          .limit, name, expected: "less than 2 GiB, which is what protobuf reads; save the weights as external data",
          found: "\(bytes.count) bytes")
      case MTL_ONNX_OUT_OF_MEMORY: throw MTLError(.outOfMemory, name, "no memory for its \(bytes.count) bytes")
      default:
        throw MTLError(.badFormat, name, "is no complete ONNX model, or nests deeper than \(maximumDepth) messages")
      }
      guard let model = unsafe model, let root = unsafe mtl_onnx_root(model) else {
        throw MTLError(.internalFault, name, "no message was read")
      }
      return unsafe OnnxMessage(Owner(model), root)
    }

    /// Default values of the attributes of the model's function at an index.
    func functionDefaults(_ index: Int) -> [OnnxMessage] {
      guard let node = unsafe mtl_onnx_function_defaults(owner.model, index) else { return [] }
      return unsafe OnnxMessage(owner, node).children(5)
    }

    func count(_ field: Int32) -> Int { unsafe mtl_onnx_count(message, field) }

    func has(_ field: Int32) -> Bool { count(field) > 0 }

    func child(_ field: Int32, _ index: Int = 0) -> OnnxMessage? {
      guard let child = unsafe mtl_onnx_child(message, field, index) else { return nil }
      return unsafe OnnxMessage(owner, child)
    }

    func integer(_ field: Int32, _ index: Int = 0) -> Int { unsafe Int(mtl_onnx_integer(message, field, index)) }

    func float(_ field: Int32, _ index: Int = 0) -> Float { unsafe mtl_onnx_float(message, field, index) }

    /// The bytes of a field in place.
    func bytes(_ field: Int32, _ index: Int = 0) -> Bytes {
      var length = 0
      let base = unsafe mtl_onnx_bytes(message, field, index, &length)
      return unsafe Bytes(owner: owner, base: UnsafeRawPointer(base), count: length)
    }

    /// All numbers of a repeated field in place, and the bytes of one.
    func numbers(_ field: Int32) -> (bytes: Bytes, byteCount: Int) {
      var (count, size) = (0, 0)
      let base = unsafe mtl_onnx_numbers(message, field, &count, &size)
      return (unsafe Bytes(owner: owner, base: base, count: count * size), size)
    }
  }
#else
  /// Without the trait ONNX there are no messages.
  struct OnnxMessage {
    static func model(_ bytes: Bytes, name: String) throws(MTLError) -> OnnxMessage {
      throw MTLError(.unsupported, name, "is an ONNX model, and this library was built without the trait ONNX")
    }

    func functionDefaults(_ index: Int) -> [OnnxMessage] { [] }
    func count(_ field: Int32) -> Int { 0 }
    func has(_ field: Int32) -> Bool { false }
    func child(_ field: Int32, _ index: Int = 0) -> OnnxMessage? { nil }
    func integer(_ field: Int32, _ index: Int = 0) -> Int { 0 }
    func float(_ field: Int32, _ index: Int = 0) -> Float { 0 }
    func bytes(_ field: Int32, _ index: Int = 0) -> Bytes { Bytes(copying: [UInt8]()) }
    func numbers(_ field: Int32) -> (bytes: Bytes, byteCount: Int) { (Bytes(copying: [UInt8]()), 0) }
  }
#endif

extension OnnxMessage {
  /// Text of a field; bytes that are no UTF-8 become replacement characters.
  func text(_ field: Int32, _ index: Int = 0) -> String {
    let bytes = bytes(field, index)
    if let text = bytes.utf8 { return text }
    return unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  func texts(_ field: Int32) -> [String] { (0..<count(field)).map { text(field, $0) } }

  func children(_ field: Int32) -> [OnnxMessage] { (0..<count(field)).compactMap { child(field, $0) } }

  func integers(_ field: Int32) -> [Int] { (0..<count(field)).map { integer(field, $0) } }

  func floats(_ field: Int32) -> [Float] { (0..<count(field)).map { float(field, $0) } }

  /// Entries of key and value.
  func pairs(_ field: Int32) -> [(key: String, value: String)] { children(field).map { ($0.text(1), $0.text(2)) } }
}
