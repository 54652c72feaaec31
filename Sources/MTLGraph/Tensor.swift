/// A constant or an intermediate value in plain row-major order, outside the engine's own layout.
public struct Tensor: Sendable {
  public let shape: Shape
  public let type: DataType
  /// Whole weights that lie in the order of kernels; nil for all that lie in row-major order.
  public let blocks: ByteBlocks?
  private let dense: Bytes
  /// The elements of a tensor of strings in row-major order; empty for all others.
  public let texts: [String]

  /// Dense little-endian elements in row-major order, `shape.elementCount * type.byteCount` bytes; of blocks a copy.
  public var bytes: Bytes { blocks?.rowMajor() ?? dense }

  /// The elements in whatever order they lie.
  package var stored: Bytes { blocks?.bytes ?? dense }

  /// Weights in blocks; these must be of that shape.
  public init(shape: Shape, blocks: ByteBlocks, of subject: @autoclosure () -> String) throws(MTLError) {
    guard blocks.fit(shape) else {
      throw MTLError(
        .badFormat, subject(), expected: "\(blocks.outputs)x\(blocks.inputs) weights of \(blocks.taps) taps",
        found: "\(shape)")
    }
    self.shape = shape
    type = .int8
    self.blocks = blocks
    dense = blocks.bytes
    texts = []
  }

  /// Wraps dense elements; the number of bytes must fit the shape.
  public init(shape: Shape, type: DataType, bytes: Bytes, of subject: @autoclosure () -> String) throws(MTLError) {
    guard type != .string else {
      throw MTLError(.dataTypeMismatch, subject(), expected: "numbers", found: "texts")
    }
    let expected = shape.elementCount * type.byteCount
    guard bytes.count == expected else {
      throw MTLError(.badFormat, subject(), expected: "\(expected) bytes for \(type) \(shape)", found: "\(bytes.count)")
    }
    self.shape = shape
    self.type = type
    blocks = nil
    dense = bytes
    texts = []
  }

  /// A tensor of texts; as many as the shape has elements.
  public init(texts: [String], shape: Shape, of subject: @autoclosure () -> String = "texts") throws(MTLError) {
    guard texts.count == shape.elementCount else {
      throw MTLError(.badFormat, subject(), expected: "\(shape.elementCount) texts", found: "\(texts.count)")
    }
    self.init(uncheckedTexts: texts, shape)
  }

  /// Texts whose number is right.
  package init(uncheckedTexts texts: [String], _ shape: Shape) {
    self.shape = shape
    type = .string
    blocks = nil
    dense = unsafe Bytes(owner: nil, base: nil, count: 0)
    self.texts = texts
  }

  /// A float32 tensor; `values.count` must be the shape's element count.
  public init(_ values: [Float], shape: Shape) {
    precondition(values.count == shape.elementCount, "as many values as the shape has elements")
    self.shape = shape
    self.type = .float32
    blocks = nil
    dense = Bytes(copying: values)
    texts = []
  }

  /// Dense elements whose number is right.
  package init(unchecked bytes: Bytes, _ type: DataType, _ shape: Shape) {
    self.shape = shape
    self.type = type
    blocks = nil
    dense = bytes
    texts = []
  }

  /// Stands for a value of which only the shape is read; it has no elements.
  package init(ofShapeOnly shape: Shape) {
    self.shape = shape
    type = .float32
    blocks = nil
    dense = unsafe Bytes(owner: nil, base: nil, count: 0)
    texts = []
  }

  /// The elements of a float32 tensor.
  public func floats(of subject: @autoclosure () -> String = "tensor") throws(MTLError) -> [Float] {
    guard type == .float32 else {
      throw MTLError(.dataTypeMismatch, subject(), expected: "float32", found: "\(type)")
    }
    return unsafe [Float](unsafeUninitializedCapacity: shape.elementCount) { destination, count in
      unsafe bytes.withUnsafeBytes { source in
        if let to = destination.baseAddress, let from = source.baseAddress {
          unsafe UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: source.count)
        }
      }
      count = shape.elementCount
    }
  }
}
