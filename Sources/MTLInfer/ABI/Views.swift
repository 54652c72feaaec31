import CMTLInfer
import MTLGraph

/// A dense copy of a caller's array.
func tensor(_ view: mtl_tensor_view, name: String) throws(MTLError) -> Tensor {
  guard let type = unsafe DataType(standardCode: Int(view.dtype)) else {
    throw unsafe MTLError(.dataTypeMismatch, name, expected: "MTL_FLOAT32 ...", found: "\(view.dtype)")
  }
  guard unsafe (0...Shape.maximumRank).contains(Int(view.rank)) else {
    throw unsafe MTLError(.shapeMismatch, name, expected: "rank up to \(Shape.maximumRank)", found: "\(view.rank)")
  }
  guard unsafe view.reserved == (0, 0, 0) else { throw MTLError(.invalidArgument, name, "reserved is not zero") }
  let rank = unsafe Int(view.rank)
  let sizes = unsafe numbers(view.shape).prefix(rank)
  let strides = unsafe numbers(view.stride).prefix(rank)
  let shape = try Shape(checking: Array(sizes), of: name)
  guard shape.elementCount > 0 else { return Tensor([Int](), as: type, shape: shape) }
  guard let data = unsafe view.data else { throw MTLError(.invalidArgument, name, "its data is null") }
  try check(shape, Array(strides), type, unsafe Int(clamping: view.byte_size), name)
  let size = type.viewByteCount
  let bytes = try unsafe Bytes(byteCount: shape.elementCount.saturatingProduct(size)) { target in
    var place = [Int](repeating: 0, count: rank)
    var offset = 0
    for index in 0..<shape.elementCount {
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[index * size..<(index + 1) * size])
        .copyMemory(from: UnsafeRawBufferPointer(start: data + offset, count: size))
      for axis in (0..<rank).reversed() {
        place[axis] += 1
        offset += strides[axis]
        if place[axis] < shape[axis] { break }
        offset -= strides[axis] * shape[axis]
        place[axis] = 0
      }
    }
  }
  guard type == .string else { return try Tensor(shape: shape, type: type, bytes: bytes, of: name) }
  return try Tensor(texts: unsafe try texts(bytes, name), shape: shape, of: name)
}

/// Bytes of all texts of one tensor.
private let maximumTextByteCount = 1 << 28

/// The texts that dense records of the caller's point to.
@unsafe private func texts(_ records: Bytes, _ name: String) throws(MTLError) -> [String] {
  try unsafe records.withUnsafeBytes { memory throws(MTLError) in
    var (texts, total) = ([String](), 0)
    for (index, record) in unsafe memory.bindMemory(to: mtl_string.self).enumerated() {
      let size = unsafe Int(clamping: record.byte_size)
      total = total.saturatingSum(size)
      guard total <= maximumTextByteCount else {
        throw MTLError(.limit, name, expected: "at most \(maximumTextByteCount) bytes of text", found: "\(total)")
      }
      guard unsafe size == 0 || record.data != nil else {
        throw MTLError(.invalidArgument, name, "the data of its text \(index) is null")
      }
      let bytes = unsafe UnsafeRawBufferPointer(start: record.data, count: size)
      guard let text = unsafe String(validating: bytes, as: UTF8.self) else {
        throw MTLError(.invalidArgument, name, "its text \(index) is no UTF-8")
      }
      texts.append(text)
    }
    return texts
  }
}

extension DataType {
  /// Bytes of one element of a view.
  var viewByteCount: Int { self == .string ? MemoryLayout<mtl_string>.size : byteCount }
}

/// Fails unless every element lies within the caller's bytes.
private func check(
  _ shape: Shape, _ strides: [Int], _ type: DataType, _ byteCount: Int, _ name: String
) throws(MTLError) {
  var end = type.viewByteCount
  for (dimension, stride) in zip(shape.dimensions, strides) {
    let (distance, overflow) = (dimension - 1).multipliedReportingOverflow(by: stride)
    guard stride >= 0, !overflow, distance <= byteCount - end else {
      throw MTLError(.bufferTooSmall, name, "shape \(shape) with byte strides \(strides) leaves its \(byteCount) bytes")
    }
    end += distance
  }
  guard end <= byteCount else { throw MTLError(.bufferTooSmall, name, "has \(byteCount) bytes for \(type) \(shape)") }
}

/// A fixed array of C.
private func numbers<Array8>(_ array: Array8) -> [Int] {
  unsafe withUnsafeBytes(of: array) { unsafe Array($0.assumingMemoryBound(to: Int64.self)).map { Int($0) } }
}
