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
  let size = try unsafe checkedSize(memory, of: Options.self, name)
  for offset in MemoryLayout<Options>.size..<max(size, MemoryLayout<Options>.size) {
    guard unsafe memory.load(fromByteOffset: offset, as: UInt8.self) == 0 else {
      throw MTLError(.invalidArgument, name, "has options that this version of the library does not know")
    }
  }
  return unsafe pointer.pointee
}

/// Checks a struct that the library fills: it must be there and have room for all fields.
func fillable<Info: BitwiseCopyable>(
  _ pointer: UnsafeMutablePointer<Info>?, _ name: String
) throws(MTLError) -> UnsafeMutablePointer<Info> {
  let pointer = try unsafe required(pointer, name)
  _ = try unsafe checkedSize(UnsafeRawPointer(pointer), of: Info.self, name)
  return unsafe pointer
}

/// Every struct with a size field begins with it. No released caller has smaller structs than today's.
private func checkedSize<Struct>(
  _ memory: UnsafeRawPointer, of type: Struct.Type, _ name: String
) throws(MTLError) -> Int {
  let size = unsafe Int(memory.load(as: UInt32.self))
  guard (MemoryLayout<Struct>.size...maximumStructSize).contains(size) else {
    throw MTLError(
      .invalidArgument, "\(name).struct_size", expected: "\(MemoryLayout<Struct>.size), the size of the struct",
      found: "\(size)")
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
