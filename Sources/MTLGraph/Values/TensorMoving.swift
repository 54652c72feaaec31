extension Tensor {
  /// The elements of several tensors of one type, one after the other.
  package static func joined(_ tensors: [Tensor], to shape: Shape) throws(MTLError) -> Tensor {
    let type = tensors.first?.type ?? .float32
    for tensor in tensors where tensor.type != type {
      throw MTLError(.dataTypeMismatch, "inputs", expected: "\(type)", found: "\(tensor.type)")
    }
    if type == .string { return try Tensor(texts: tensors.flatMap(\.texts), shape: shape, of: "inputs") }
    let count = tensors.reduce(0) { $0.saturatingSum($1.bytes.count) }
    let bytes = try unsafe Bytes(byteCount: count) { target in
      var start = 0
      for tensor in tensors {
        unsafe tensor.bytes.withUnsafeBytes { source in
          unsafe UnsafeMutableRawBufferPointer(rebasing: target[start...]).copyMemory(from: source)
          start += source.count
        }
      }
    }
    return try Tensor(shape: shape, type: type, bytes: bytes, of: "inputs")
  }

  /// A tensor of another shape whose elements are some of these: `place` says which one stands at a row-major index, and
  /// nil leaves the `filling` there. Elements move as bytes, whatever their type.
  package func moved(
    to shape: Shape, filling: Tensor? = nil, _ place: (Int) -> Int?
  ) throws(MTLError) -> Tensor {
    let size = type.byteCount
    let count = self.shape.elementCount
    guard type != .string else { return movedTexts(to: shape, filling: filling?.texts.first ?? "", place) }
    let bytes = try unsafe Bytes(byteCount: shape.elementCount.saturatingProduct(size)) { target in
      unsafe self.bytes.withUnsafeBytes { source in
        for index in 0..<shape.elementCount {
          let to = unsafe UnsafeMutableRawBufferPointer(rebasing: target[index * size..<(index + 1) * size])
          guard let from = place(index), from >= 0, from < count else {
            unsafe Tensor.fill(to, with: filling)
            continue
          }
          unsafe to.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from * size..<(from + 1) * size]))
        }
      }
    }
    return Tensor(unchecked: bytes, type, shape)
  }

  private func movedTexts(to shape: Shape, filling: String, _ place: (Int) -> Int?) -> Tensor {
    let moved = (0..<shape.elementCount).map { index -> String in
      guard let from = place(index), texts.indices.contains(from) else { return filling }
      return texts[from]
    }
    return Tensor(uncheckedTexts: moved, shape)
  }

  @unsafe private static func fill(_ target: UnsafeMutableRawBufferPointer, with filling: Tensor?) {
    unsafe _ = target.initializeMemory(as: UInt8.self, repeating: 0)
    guard let filling, filling.bytes.count >= target.count else { return }
    unsafe filling.bytes.withUnsafeBytes { value in
      unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: value[..<target.count]))
    }
  }

  /// The same elements in row-major order under another shape of as many.
  package func reshaped(to shape: Shape) throws(MTLError) -> Tensor {
    if type == .string { return try Tensor(texts: texts, shape: shape, of: "shape") }
    if let blocks, blocks.fit(shape) { return try Tensor(shape: shape, blocks: blocks, of: "shape") }
    return try Tensor(shape: shape, type: type, bytes: bytes, of: "shape")
  }

  /// The elements repeated along axes of 1, as NumPy broadcasts.
  package func broadcast(to target: Shape) throws(MTLError) -> Tensor {
    if shape == target { return self }
    let places = shape.places(in: target)
    return try moved(to: target) { places.offset($0) }
  }

  /// The tensor of another type, by the rules of `init(_:as:shape:)`.
  package func converted(to target: DataType) -> Tensor {
    if target == type { return self }
    if type.isInteger && type != .uint64 || type == .bool { return Tensor(integers(), as: target, shape: shape) }
    return Tensor(doubles(), as: target, shape: shape)
  }
}
