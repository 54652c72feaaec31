import MTLGraph

/// The identifier under which a pickle of PyTorch names memory that lies outside of it:
/// `('storage', class, key, location, element count[, view])` (pytorch/pytorch:torch/serialization.py,
/// `persistent_id`). `view` is `(key, offset, element count)` of a part of another storage, or None.
struct TorchStorageIdentifier {
  let key: String
  let element: ElementType
  let elementCount: Int
  let view: (key: String, offset: Int, elementCount: Int)?

  /// nil when the identifier is not that of a storage.
  init?(_ identifier: PickleReference, in heap: PickleHeap) {
    guard let parts = heap.sequence(identifier), parts.count >= 5, heap.text(parts[0]) == "storage",
      case .global(let storageClass) = heap[parts[1]],
      let key = heap.text(parts[2]) ?? heap.integer(parts[2]).map(String.init),
      let elementCount = heap.integer(parts[4]), elementCount >= 0
    else { return nil }
    self.key = key
    self.elementCount = elementCount
    element = ElementType(torchStorageClass: storageClass)
    guard parts.count > 5, let view = heap.sequence(parts[5]), view.count == 3,
      let viewKey = heap.text(view[0]) ?? heap.integer(view[0]).map(String.init),
      let offset = heap.integer(view[1]), let count = heap.integer(view[2])
    else {
      view = nil
      return
    }
    self.view = (viewKey, offset, count)
  }

  /// Bytes of the storage; nil when the element type is unknown. Fails when the count is impossible.
  func byteCount(of subject: String) throws(MTLError) -> Int? {
    guard let size = element.byteCount else { return nil }
    let (bytes, overflow) = elementCount.multipliedReportingOverflow(by: size)
    guard !overflow else {
      throw MTLError(.badFormat, subject, "the storage '\(clipped(key))' has \(elementCount) elements")
    }
    return bytes
  }
}

extension ElementType {
  /// The element type of a storage class such as `torch.FloatStorage` or `torch.cuda.HalfStorage`. The memory of an
  /// untyped storage is bytes; its tensors state a type of their own.
  init(torchStorageClass name: String) {
    let className = name.split(separator: ".").last.map(String.init) ?? name
    switch className {
    case "DoubleStorage": self.init(.float64)
    case "FloatStorage": self.init(.float32)
    case "HalfStorage": self.init(.float16)
    case "BFloat16Storage": self.init(.bfloat16)
    case "LongStorage": self.init(.int64)
    case "IntStorage": self.init(.int32)
    case "ShortStorage": self.init(.int16)
    case "CharStorage": self.init(.int8)
    case "ByteStorage", "UntypedStorage", "_UntypedStorage": self.init(.uint8)
    case "BoolStorage": self.init(.bool)
    case "ComplexDoubleStorage": self.init(unsupported: "complex128", byteCount: 16)
    case "ComplexFloatStorage": self.init(unsupported: "complex64", byteCount: 8)
    case "QInt32Storage": self.init(unsupported: "quantized int32", byteCount: 4)
    case "QInt8Storage": self.init(unsupported: "quantized int8", byteCount: 1)
    case "QUInt8Storage": self.init(unsupported: "quantized uint8", byteCount: 1)
    case "QUInt4x2Storage", "QUInt2x4Storage": self.init(unsupported: "packed quantized", byteCount: 1)
    default: self.init(unsupported: name, byteCount: nil)
    }
  }

  /// The element type that a `torch.dtype` names, such as `torch.uint16`.
  init(torchType name: String) {
    switch name.hasPrefix("torch.") ? String(name.dropFirst(6)) : name {
    case "float64", "double": self.init(.float64)
    case "float32", "float": self.init(.float32)
    case "float16", "half": self.init(.float16)
    case "bfloat16": self.init(.bfloat16)
    case "int64", "long": self.init(.int64)
    case "int32", "int": self.init(.int32)
    case "int16", "short": self.init(.int16)
    case "int8": self.init(.int8)
    case "uint8": self.init(.uint8)
    case "bool": self.init(.bool)
    default: self.init(unsupported: name, byteCount: nil)
    }
  }
}
