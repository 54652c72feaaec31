import CMTLInfer
import Glibc
import MTLEngine
import MTLGraph
import MTLInfer
import MTLNetworks
import MTLTasks

/// A constant text for C, which lives as long as the library.
private func constant(_ text: StaticString) -> UnsafePointer<CChar>? {
  unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

@c @implementation
public func mtl_version() -> UnsafePointer<CChar>! { unsafe constant("0.1.0") }

@c @implementation
public func mtl_abi() -> UInt32 { UInt32(MTL_ABI) }

@c @implementation
public func mtl_abi_minor() -> UInt32 { UInt32(MTL_ABI_MINOR) }

@c @implementation
public func mtl_check_abi(_ abi: UInt32, _ minor: UInt32, _ error: UnsafeMutablePointer<mtl_error>!) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    guard abi == MTL_ABI, minor <= MTL_ABI_MINOR else {
      throw MTLError(
        .invalidState, "ABI", expected: "\(abi).\(minor), which the caller was built for",
        found: "\(MTL_ABI).\(MTL_ABI_MINOR) in this library")
    }
  }
}

@c @implementation
public func mtl_cpu_isa() -> Int32 { InstructionSet.available.rawValue }

@c @implementation
public func mtl_isa_name(_ isa: Int32) -> UnsafePointer<CChar>! {
  switch InstructionSet(rawValue: isa) {
  case .scalar: unsafe constant("scalar")
  case .avx2: unsafe constant("avx2")
  case .avx512: unsafe constant("avx512")
  case .avx512vnni: unsafe constant("avx512vnni")
  case .avx512bf16: unsafe constant("avx512bf16")
  case .amx: unsafe constant("amx")
  case .neon: unsafe constant("neon")
  case .neondot: unsafe constant("neondot")
  case .neoni8mm: unsafe constant("neoni8mm")
  case nil: nil
  }
}

@c @implementation
public func mtl_status_name(_ status: mtl_status) -> UnsafePointer<CChar>! {
  guard status != 0 else { return unsafe constant("MTL_OK") }
  switch MTLError.Kind(rawValue: status) {
  case .invalidArgument: return unsafe constant("MTL_INVALID_ARGUMENT")
  case .invalidState: return unsafe constant("MTL_INVALID_STATE")
  case .notFound: return unsafe constant("MTL_NOT_FOUND")
  case .shapeMismatch: return unsafe constant("MTL_SHAPE_MISMATCH")
  case .dataTypeMismatch: return unsafe constant("MTL_DTYPE_MISMATCH")
  case .bufferTooSmall: return unsafe constant("MTL_BUFFER_TOO_SMALL")
  case .busy: return unsafe constant("MTL_BUSY")
  case .badFormat: return unsafe constant("MTL_BAD_FORMAT")
  case .formatTooNew: return unsafe constant("MTL_FORMAT_TOO_NEW")
  case .unsupported: return unsafe constant("MTL_UNSUPPORTED")
  case .limit: return unsafe constant("MTL_LIMIT")
  case .checkpointMismatch: return unsafe constant("MTL_CHECKPOINT_MISMATCH")
  case .outOfMemory: return unsafe constant("MTL_OUT_OF_MEMORY")
  case .inputOutput: return unsafe constant("MTL_IO")
  case .threadCreation: return unsafe constant("MTL_THREAD")
  case .internalFault: return unsafe constant("MTL_INTERNAL")
  case nil: return nil
  }
}

@c @implementation
public func mtl_dtype_name(_ dtype: Int32) -> UnsafePointer<CChar>! {
  unsafe dataTypeNames.first { unsafe $0.code == dtype }?.name
}

@c @implementation
public func mtl_dtype_size(_ dtype: Int32) -> UInt32 {
  UInt32(DataType(standardCode: Int(dtype))?.viewByteCount ?? 0)
}

/// Names that live as long as the process.
@unsafe nonisolated(unsafe) private let dataTypeNames: [(code: Int32, name: UnsafePointer<CChar>?)] =
  unsafe DataType.allCases.map { type in unsafe (Int32(type.standardCode), UnsafePointer(strdup(type.description))) }

@c @implementation
public func mtl_pixel_format_name(_ format: Int32) -> UnsafePointer<CChar>! {
  switch PixelFormat(rawValue: format) {
  case .gray8: unsafe constant("gray8")
  case .rgb8: unsafe constant("rgb8")
  case .bgr8: unsafe constant("bgr8")
  case .rgba8: unsafe constant("rgba8")
  case .bgra8: unsafe constant("bgra8")
  case nil: nil
  }
}

@c @implementation
public func mtl_pixel_format_size(_ format: Int32) -> UInt32 {
  UInt32(PixelFormat(rawValue: format)?.bytesPerPixel ?? 0)
}

@c @implementation
public func mtl_task_kind_name(_ kind: Int32) -> UnsafePointer<CChar>! {
  guard let own = TaskDescription.Kind.allCases.first(where: { $0.code == Int(kind) }) else { return nil }
  return unsafe constant(own.constantName)
}
