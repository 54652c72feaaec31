import MTLGraph

/// NumPy's `.npy` files, versions 1 to 3 (numpy/numpy:numpy/lib/format.py).
public enum NumpyFile {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Reads an array of f8, f4, f2, i8, i4, i2, i1, u8, u4, u2, u1 or b1 elements, little-endian, in C or Fortran order,
  /// as float32 in row-major order. A float32 array in C order stays in `bytes`.
  ///
  /// - Parameter name: for errors, usually the file's name.
  public static func read(_ bytes: Bytes, name: String) throws(MTLError) -> Tensor {
    let (header, data) = try parse(bytes, name: name)
    let strides = header.isFortranOrder ? header.shape.columnMajorStrides : header.shape.rowMajorStrides
    return try WeightEntry(
      shape: header.shape, element: ElementType(header.type), strides: strides, storage: data, elementOffset: 0,
      of: name
    ).float32(name)
  }

  /// Reads an array like `read`, with its elements in their own type.
  public static func readTyped(_ bytes: Bytes, name: String) throws(MTLError) -> Tensor {
    let (header, data) = try parse(bytes, name: name)
    guard header.isFortranOrder else {
      return try Tensor(shape: header.shape, type: header.type, bytes: data, of: name)
    }
    let turned = Shape(header.shape.dimensions.reversed())
    let tensor = try Tensor(shape: turned, type: header.type, bytes: data, of: name)
    return try Transpose(Array((0..<turned.rank).reversed())).evaluate([tensor])[0]
  }

  /// The header and the elements as they lie in the file.
  private static func parse(_ bytes: Bytes, name: String) throws(MTLError) -> (header: NumpyHeader, data: Bytes) {
    guard bytes.starts(with: magic), let version = bytes[6] else {
      throw MTLError(.badFormat, name, expected: "a NumPy array file", found: "another signature")
    }
    guard (1...3).contains(version) else {
      throw MTLError(.formatTooNew, "\(name): version", expected: "1, 2 or 3", found: "\(version)")
    }
    let subject = "\(name): header"
    let lengthSize = version == 1 ? 2 : 4
    let length =
      version == 1
      ? Int(try bytes.integer(at: 8, as: UInt16.self, of: subject))
      : Int(try bytes.integer(at: 8, as: UInt32.self, of: subject))
    let start = 8 + lengthSize
    guard let text = try bytes.slice(offset: start, length: length, of: subject).utf8 else {
      throw MTLError(.badFormat, subject, "is not UTF-8")
    }
    let header = try NumpyHeader(text, subject: subject)
    let data = try bytes.slice(offset: start + length, length: bytes.count - start - length, of: name)
    let expected = header.shape.elementCount * header.type.byteCount
    guard data.count == expected else {
      throw MTLError(
        .badFormat, name, expected: "\(expected) bytes for \(header.type) \(header.shape)", found: "\(data.count)")
    }
    return (header, data)
  }

  /// The bytes of a `.npy` file with the elements of a tensor; types that NumPy does not have go as float32.
  public static func write(_ tensor: Tensor) throws(MTLError) -> [UInt8] {
    guard tensor.type != .string else { throw MTLError(.unsupported, "array", "texts are not written to .npy files") }
    let tensor = NumpyHeader.descriptor(tensor.type) == nil ? tensor.converted(to: .float32) : tensor
    let bytes = unsafe tensor.bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    return try file(bytes, tensor.shape, descriptor: NumpyHeader.descriptor(tensor.type) ?? "<f4")
  }

  /// The bytes of a `.npy` file with float32 elements in row-major order.
  public static func write(_ values: [Float], shape: Shape) throws(MTLError) -> [UInt8] {
    try write(values, shape, descriptor: "<f4")
  }

  /// The bytes of a `.npy` file with int32 elements in row-major order.
  public static func write(_ values: [Int32], shape: Shape) throws(MTLError) -> [UInt8] {
    try write(values, shape, descriptor: "<i4")
  }

  /// The bytes of a `.npy` file with uint8 elements in row-major order.
  public static func write(_ values: [UInt8], shape: Shape) throws(MTLError) -> [UInt8] {
    try write(values, shape, descriptor: "|u1")
  }

  private static func write<Element: BitwiseCopyable>(
    _ values: [Element], _ shape: Shape, descriptor: String
  ) throws(MTLError) -> [UInt8] {
    let shape = try Shape(checking: shape.dimensions, of: "array")
    guard values.count == shape.elementCount else {
      throw MTLError(
        .invalidArgument, "array", expected: "\(shape.elementCount) values for \(shape)", found: "\(values.count)")
    }
    return try file(unsafe values.withUnsafeBytes { unsafe [UInt8]($0) }, shape, descriptor: descriptor)
  }

  private static func file(_ elements: [UInt8], _ shape: Shape, descriptor: String) throws(MTLError) -> [UInt8] {
    // Python writes a tuple of one element with a comma.
    let sizes = shape.dimensions.map(String.init).joined(separator: ", ") + (shape.rank == 1 ? "," : "")
    var header = Array("{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(sizes)), }".utf8)
    // The elements start at a multiple of 64 bytes, with a line feed before them.
    let used = 10 + header.count + 1
    header += [UInt8](repeating: UInt8(ascii: " "), count: (64 - used % 64) % 64) + [UInt8(ascii: "\n")]
    var file = magic + [1, 0, UInt8(header.count & 0xFF), UInt8(header.count >> 8)] + header
    file.reserveCapacity(file.count + elements.count)
    file += elements
    return file
  }
}

extension Shape {
  /// Strides in elements with the first axis innermost, NumPy's Fortran order.
  fileprivate var columnMajorStrides: [Int] {
    var next = 1
    return dimensions.map { dimension in
      defer { next *= Swift.max(dimension, 1) }
      return next
    }
  }
}
