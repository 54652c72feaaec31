/// Element types of tensors in files and graphs. All are little-endian in memory.
///
/// Types of less than a byte have a byte of their own for each element in a `Tensor`; files pack them.
public enum DataType: Sendable, Hashable, CaseIterable {
  case float64, float32, float16, bfloat16
  case int64, int32, int16, int8, uint8, bool
  case uint64, uint32, uint16
  case int4, uint4, int2, uint2
  /// Eight-bit floats of "FP8 Formats for Deep Learning" (Micikevicius et al., 2022); `uz` have one zero and no infinity.
  case float8E4M3FN, float8E4M3FNUZ, float8E5M2, float8E5M2FNUZ
  /// A power of two, the scale of the OCP microscaling formats.
  case float8E8M0
  /// Four-bit float of the OCP microscaling formats.
  case float4E2M1
  /// Texts, which lie in `Tensor.texts`.
  case string

  /// Bytes of one element in `Tensor.bytes`.
  public var byteCount: Int {
    switch self {
    case .string: 0
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    default: 1
    }
  }

  /// Bits of one element in a file: less than a byte where files pack several into one.
  public var storedBitCount: Int {
    switch self {
    case .int4, .uint4, .float4E2M1: 4
    case .int2, .uint2: 2
    default: byteCount * 8
    }
  }

  public var isFloatingPoint: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16, .float8E8M0: true
    default: smallFloat != nil
    }
  }

  /// Whole numbers, without truth values.
  public var isInteger: Bool { self != .bool && self != .string && !isFloatingPoint }

  public var isSigned: Bool {
    switch self {
    case .bool, .string, .uint64, .uint32, .uint16, .uint8, .uint4, .uint2: false
    default: true
    }
  }
}

extension DataType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .float64: "float64"
    case .float32: "float32"
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .int64: "int64"
    case .int32: "int32"
    case .int16: "int16"
    case .int8: "int8"
    case .uint8: "uint8"
    case .bool: "bool"
    case .uint64: "uint64"
    case .uint32: "uint32"
    case .uint16: "uint16"
    case .int4: "int4"
    case .uint4: "uint4"
    case .int2: "int2"
    case .uint2: "uint2"
    case .float8E4M3FN: "float8_e4m3fn"
    case .float8E4M3FNUZ: "float8_e4m3fnuz"
    case .float8E5M2: "float8_e5m2"
    case .float8E5M2FNUZ: "float8_e5m2fnuz"
    case .float8E8M0: "float8_e8m0"
    case .float4E2M1: "float4_e2m1"
    case .string: "string"
    }
  }
}
