import CMTLInfer
import MTLGraph

/// Structs of this size are no mistake of the caller's.
private let maximumStructSize = 1 << 16

/// Reads a struct of options that begins with its own size. Fields that an older caller does not know read as zero;
/// fields of a newer caller that this library does not know must be zero. Null reads as all zero.
func options<Options: BitwiseCopyable>(
  _ pointer: UnsafePointer<Options>?, _ name: String, zero: Options
) throws(MTLError) -> Options {
  guard let pointer = unsafe pointer else { return zero }
  let memory = unsafe UnsafeRawPointer(pointer)
  let size = try unsafe checkedSize(memory, name)
  let known = min(size, MemoryLayout<Options>.size)
  for offset in known..<size {
    guard unsafe memory.load(fromByteOffset: offset, as: UInt8.self) == 0 else {
      throw MTLError(.invalidArgument, name, "has options that this version of the library does not know")
    }
  }
  var result = zero
  unsafe withUnsafeMutableBytes(of: &result) { unsafe $0.copyMemory(from: .init(start: memory, count: known)) }
  return result
}

/// Fills a struct of the caller's that begins with its size: as many bytes as both sides know, the size left as it is.
func fill<Info: BitwiseCopyable>(
  _ pointer: UnsafeMutablePointer<Info>?, _ name: String, zero: Info, _ body: (inout Info) throws(MTLError) -> Void
) throws(MTLError) {
  let pointer = try unsafe required(pointer, name)
  let target = UnsafeMutableRawPointer(pointer)
  let size = try unsafe checkedSize(UnsafeRawPointer(target), name)
  var info = zero
  try body(&info)
  unsafe withUnsafeBytes(of: &info) { bytes in
    let start = MemoryLayout<UInt32>.size
    let end = min(size, bytes.count)
    if start < end { unsafe (target + start).copyMemory(from: bytes.baseAddress! + start, byteCount: end - start) }
  }
}

/// Every struct with a size field begins with it.
private func checkedSize(_ memory: UnsafeRawPointer, _ name: String) throws(MTLError) -> Int {
  let size = unsafe Int(memory.load(as: UInt32.self))
  guard (MemoryLayout<UInt32>.size...maximumStructSize).contains(size) else {
    throw MTLError(.invalidArgument, "\(name).struct_size", expected: "the size of the struct", found: "\(size)")
  }
  return size
}

/// Zeroes `size` bytes and writes the size into the first field.
private func initialize(_ memory: UnsafeMutableRawPointer?, _ size: Int) {
  guard let memory = unsafe memory, (4...maximumStructSize).contains(size) else { return }
  unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
  unsafe memory.storeBytes(of: UInt32(size), as: UInt32.self)
}

@c @implementation
public func mtl_runtime_options_init(_ options: UnsafeMutablePointer<mtl_runtime_options>!, _ size: Int) {
  unsafe initialize(options, size)
}

@c @implementation
public func mtl_model_options_init(_ options: UnsafeMutablePointer<mtl_model_options>!, _ size: Int) {
  unsafe initialize(options, size)
}

@c @implementation
public func mtl_session_options_init(_ options: UnsafeMutablePointer<mtl_session_options>!, _ size: Int) {
  unsafe initialize(options, size)
}

@c @implementation
public func mtl_run_options_init(_ options: UnsafeMutablePointer<mtl_run_options>!, _ size: Int) {
  unsafe initialize(options, size)
}
