import MTLGraph

/// The element type of a stored tensor under the name that its file uses. Files hold types that the library has no use
/// for (complex, quantized, 8-bit floats); a tensor of such a type fails only when it is asked for.
struct ElementType: Sendable, Equatable {
  let name: String
  /// Bytes of one element; nil when this library does not know the type.
  let byteCount: Int?
  /// nil when the elements cannot be read.
  let type: DataType?

  init(_ type: DataType) {
    name = type.description
    byteCount = type.byteCount
    self.type = type
  }

  init(unsupported name: String, byteCount: Int?) {
    self.name = name
    self.byteCount = byteCount
    type = nil
  }
}
