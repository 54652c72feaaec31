import MTLGraph

/// A `NodeProto`.
struct OnnxNode {
  let name: String
  let operatorName: String
  let domain: String
  let inputs: [String]
  let outputs: [String]
  let attributes: [OnnxMessage]

  init(_ message: OnnxMessage, prefix: String) {
    inputs = message.texts(1)
    outputs = message.texts(2)
    operatorName = message.text(4)
    attributes = message.children(5)
    let domain = message.text(7)
    self.domain = domain == "ai.onnx" ? "" : domain
    // A node without a name goes by its first output.
    let own = message.text(3)
    name = prefix + (own.isEmpty ? outputs.first ?? operatorName : own)
  }

  /// For errors.
  var subject: String { "\(clipped(name)) (\(clipped(operatorName)))" }

  /// The kind of an attribute by its number. Files of the first versions do not say it, and it is the field that is there.
  static func attributeKind(_ message: OnnxMessage) -> Int {
    if message.has(20) { return message.integer(20) }
    let fields: [(kind: Int, field: Int32)] = [
      (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (11, 22), (13, 14),
    ]
    return fields.first { message.has($0.field) }?.kind ?? 0
  }
}

extension ValueType {
  /// Reads a `TypeProto`: a tensor, a sequence of tensors, or one of these that may be missing. nil for what the library
  /// does not have.
  init?(_ message: OnnxMessage) {
    let optional = message.child(9)
    guard let own = optional == nil ? message : optional?.child(1) else { return nil }
    let sequence = own.child(4)
    guard let element = sequence == nil ? own : sequence?.child(1),
      let type = element.child(1).flatMap({ DataType(standardCode: $0.integer(1)) })
    else { return nil }
    self.init(sequence == nil ? .tensor : .sequence, type, isOptional: optional != nil)
  }
}

extension GraphModel.Port {
  /// Reads a `ValueInfoProto`.
  init(_ message: OnnxMessage) throws(MTLError) {
    name = message.text(1)
    let declared = message.child(2)
    type = declared.flatMap { ValueType($0) }
    guard let tensor = declared?.child(1) ?? declared?.child(9)?.child(1)?.child(1), let shape = tensor.child(2) else {
      dimensions = nil
      return
    }
    var dimensions: [GraphModel.Dimension] = []
    for dimension in shape.children(1) {
      if dimension.has(1) {
        let size = dimension.integer(1)
        // Some exporters write 0 or -1 for a size that they do not know.
        dimensions.append(size > 0 ? .fixed(size) : size == 0 ? .fixed(0) : .unknown)
      } else {
        dimensions.append(dimension.has(2) ? .named(dimension.text(2)) : .unknown)
      }
    }
    guard dimensions.count <= Shape.maximumRank else {
      throw MTLError(.limit, name, expected: "rank up to \(Shape.maximumRank)", found: "\(dimensions.count)")
    }
    self.dimensions = dimensions
  }
}

/// Reads a `SparseTensorProto` as the dense tensor that it stands for.
enum OnnxSparseTensor {
  static func read(_ message: OnnxMessage, name: String, _ context: OnnxContext) throws(MTLError) -> Tensor {
    guard let valueMessage = message.child(1), let indexMessage = message.child(2) else {
      throw MTLError(.badFormat, name, "has no values or no indices")
    }
    let shape = try Shape(checking: message.integers(3), of: name)
    try context.countSparseElements(shape.elementCount, name)
    let values = try OnnxTensor.read(valueMessage, name: name, context.external)
    guard values.type != .string else { throw MTLError(.unsupported, name, "is a sparse tensor of texts") }
    let indices = try OnnxTensor.read(indexMessage, name: "\(name): indices", context.external)
    let count = values.shape.elementCount
    let isLinear = indices.shape.dimensions == [count]
    guard indices.type == .int64, isLinear || indices.shape.dimensions == [count, shape.rank] else {
      throw MTLError(
        .badFormat, "\(name): indices", expected: "int64 \(count) or \(count)x\(shape.rank)",
        found: "\(indices.type) \(indices.shape)")
    }
    let numbers = indices.integers()
    let strides = shape.rowMajorStrides
    var places = [Int](repeating: 0, count: count)
    for position in 0..<count {
      var place = isLinear ? numbers[position] : 0
      for axis in 0..<(isLinear ? 0 : shape.rank) {
        let index = numbers[position * shape.rank + axis]
        guard (0..<shape[axis]).contains(index) else { throw outside(name, index) }
        place += index * strides[axis]
      }
      guard (0..<shape.elementCount).contains(place) else { throw outside(name, place) }
      places[position] = place
    }
    return Tensor(unchecked: try scattered(values, to: places, count: shape.elementCount), values.type, shape)
  }

  /// Elements at their places among zeros.
  private static func scattered(_ values: Tensor, to places: [Int], count: Int) throws(MTLError) -> Bytes {
    let width = values.type.byteCount
    return try unsafe Bytes(byteCount: count * width) { target in
      unsafe target.initializeMemory(as: UInt8.self, repeating: 0)
      unsafe values.bytes.withUnsafeBytes { source in
        for (position, place) in places.enumerated() {
          let element = unsafe UnsafeRawBufferPointer(rebasing: source[position * width..<(position + 1) * width])
          unsafe UnsafeMutableRawBufferPointer(rebasing: target[place * width..<(place + 1) * width])
            .copyMemory(from: element)
        }
      }
    }
  }

  private static func outside(_ name: String, _ index: Int) -> MTLError {
    MTLError(.badFormat, "\(name): indices", "\(index) is outside of the tensor")
  }
}
