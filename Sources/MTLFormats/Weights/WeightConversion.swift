import MTLGraph

extension WeightEntry {
  /// The tensor as dense row-major float32: the file's own memory when it already is that and aligned to 4 bytes, else
  /// gathered and converted (integers to the nearest float32, booleans to 0 and 1).
  ///
  /// - Parameter name: for errors.
  public func float32(_ name: String) throws(MTLError) -> Tensor {
    guard let type = element.type else {
      throw MTLError(
        .unsupported, name, expected: "float, integer or boolean elements", found: "elements of type \(element.name)")
    }
    if type == .float32, isDense, let dense = try alignedElements(name) {
      return try Tensor(shape: shape, type: .float32, bytes: dense, of: name)
    }
    let bytes = try unsafe Bytes(byteCount: shape.elementCount * 4) { memory throws(MTLError) in
      unsafe convert(type, to: memory.bindMemory(to: Float.self))
    }
    let tensor = try Tensor(shape: shape, type: .float32, bytes: bytes, of: name)
    return try steps.map { steps throws(MTLError) in
      try tensor.scaledRows(by: Tensor(steps, shape: [steps.count]))
    } ?? tensor
  }

  /// Floats that lie in the file as whole numbers, as those, and what one is worth in each row; nil for other tensors.
  public func wholeNumbers(_ name: @autoclosure () -> String) throws(MTLError) -> (numbers: Tensor, steps: Tensor)? {
    guard let steps, element.type == .int8, isDense else { return nil }
    let worth = Tensor(steps, shape: [steps.count])
    if let blocks { return (try Tensor(shape: shape, blocks: blocks, of: name()), worth) }
    let bytes = try storage.slice(offset: elementOffset, length: shape.elementCount, of: name())
    return (try Tensor(shape: shape, type: .int8, bytes: bytes, of: name()), worth)
  }

  /// The elements in place; nil when their address is not a multiple of 4, which legacy files do not promise.
  private func alignedElements(_ name: String) throws(MTLError) -> Bytes? {
    let byteCount = shape.elementCount * 4
    let dense = try storage.slice(offset: byteCount == 0 ? 0 : elementOffset * 4, length: byteCount, of: name)
    let isAligned = unsafe dense.withUnsafeBytes { memory in
      unsafe memory.baseAddress.map { UInt(bitPattern: $0) % 4 == 0 } ?? true
    }
    return isAligned ? dense : nil
  }

  private func convert(_ type: DataType, to target: UnsafeMutableBufferPointer<Float>) {
    switch type {
    case .float64: unsafe gather(Float64.self, target) { Float($0) }
    case .float32: unsafe gather(Float32.self, target) { $0 }
    case .float16: unsafe gather(UInt16.self, target) { WeightEntry.float(halfBits: $0) }
    case .bfloat16: unsafe gather(UInt16.self, target) { Float(bitPattern: UInt32($0) << 16) }
    case .int64: unsafe gather(Int64.self, target) { Float($0) }
    case .int32: unsafe gather(Int32.self, target) { Float($0) }
    case .int16: unsafe gather(Int16.self, target) { Float($0) }
    case .int8: unsafe gather(Int8.self, target) { Float($0) }
    case .uint8: unsafe gather(UInt8.self, target) { Float($0) }
    case .bool: unsafe gather(UInt8.self, target) { $0 == 0 ? 0 : 1 }
    case .uint64: unsafe gather(UInt64.self, target) { Float($0) }
    case .uint32: unsafe gather(UInt32.self, target) { Float($0) }
    case .uint16: unsafe gather(UInt16.self, target) { Float($0) }
    // No checkpoint names these: its reader refuses their names.
    default: unsafe target.update(repeating: .nan)
    }
  }

  /// IEEE half to single without branches, so that the loop around it becomes vector code on every CPU, and without
  /// subnormal operands, which a host may have told the CPU to take for zero.
  @inline(__always)
  static func float(halfBits half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let magnitude = UInt32(half & 0x7FFF) << 13
    let exponent = magnitude & 0x0F80_0000
    // Moves the exponent's bias from 15 to 127; all bits set (infinity, NaN) must stay all bits set.
    let normal = magnitude &+ (112 << 23) &+ (exponent == 0x0F80_0000 ? 112 << 23 : 0)
    // A subnormal half is 2^-14 * (0 + fraction): computed as 2^-14 * (1 + fraction) - 2^-14.
    let smallest = UInt32(113 << 23)
    let subnormal = (Float(bitPattern: magnitude &+ smallest) - Float(bitPattern: smallest)).bitPattern
    return Float(bitPattern: sign | (exponent == 0 ? subnormal : normal))
  }

  /// Copies all elements in row-major order through `convert`. The bounds were checked when the entry was made.
  @inline(__always)
  private func gather<Source: BitwiseCopyable>(
    _: Source.Type, _ target: UnsafeMutableBufferPointer<Float>, _ convert: (Source) -> Float
  ) {
    guard target.count > 0 else { return }
    unsafe (blocks?.rowMajor() ?? storage).withUnsafeBytes { memory in
      guard let base = memory.baseAddress else { return }
      let size = MemoryLayout<Source>.size
      let row = isDense ? target.count : shape.dimensions.last ?? 1
      let step = isDense ? size : (strides.last ?? 1) * size
      var odometer = Odometer(shape: shape, strides: strides, axes: isDense ? 0 : Swift.max(shape.rank - 1, 0))
      var written = 0
      while written < target.count {
        let start = unsafe base + (elementOffset + odometer.offset) * size
        for index in 0..<row {
          let element = unsafe start.loadUnaligned(fromByteOffset: index &* step, as: Source.self)
          unsafe target[written &+ index] = convert(element)
        }
        written += row
        odometer.advance()
      }
    }
  }
}

/// Counts through the leading `axes` of a shape and keeps the offset in elements that the strides give.
private struct Odometer {
  private let dimensions: [Int]
  private let strides: [Int]
  private var position: [Int]
  private(set) var offset = 0

  init(shape: Shape, strides: [Int], axes: Int) {
    dimensions = Array(shape.dimensions.prefix(axes))
    self.strides = Array(strides.prefix(axes))
    position = [Int](repeating: 0, count: axes)
  }

  mutating func advance() {
    for axis in dimensions.indices.reversed() {
      position[axis] += 1
      offset += strides[axis]
      if position[axis] < dimensions[axis] { return }
      offset -= strides[axis] * dimensions[axis]
      position[axis] = 0
    }
  }
}
