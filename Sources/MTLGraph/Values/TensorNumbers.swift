// Reading and making tensors of any type in the three forms that reference evaluations compute in: float32, float64 and
// 64-bit integers.

extension Tensor {
  /// Any type as float64.
  public func doubles() -> [Double] {
    switch type {
    case .float64: elements(as: Double.self)
    case .float32: elements(as: Float.self).map { Double($0) }
    case .float16: elements(as: UInt16.self).map { Double(Float(Float16(bitPattern: $0))) }
    case .bfloat16: elements(as: UInt16.self).map { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .uint64: elements(as: UInt64.self).map { Double($0) }
    case .string: texts.map { Double($0) ?? .nan }
    case .float8E8M0:
      elements(as: UInt8.self).map { $0 == 255 ? .nan : Double(sign: .plus, exponent: Int($0) - 127, significand: 1) }
    default:
      if let format = type.smallFloat {
        elements(as: UInt8.self).map { Double(format.values[Int($0)]) }
      } else {
        integers().map { Double($0) }
      }
    }
  }

  /// Any type as float32.
  public func numbers() -> [Float] {
    type == .float32 ? elements(as: Float.self) : doubles().map { Float($0) }
  }

  /// Integers and truth values; uint64 by its bits, floats cut towards zero.
  public func integers() -> [Int] {
    switch type {
    case .int64, .uint64: elements(as: Int.self)
    case .int32: elements(as: Int32.self).map { Int($0) }
    case .int16: elements(as: Int16.self).map { Int($0) }
    case .int8: elements(as: Int8.self).map { Int($0) }
    // Callers may leave the bits above an element's own as they like.
    case .int4: elements(as: Int8.self).map { Int(($0 << 4) >> 4) }
    case .int2: elements(as: Int8.self).map { Int(($0 << 6) >> 6) }
    case .uint32: elements(as: UInt32.self).map { Int($0) }
    case .uint16: elements(as: UInt16.self).map { Int($0) }
    case .uint8: elements(as: UInt8.self).map { Int($0) }
    case .uint4: elements(as: UInt8.self).map { Int($0 & 15) }
    case .uint2: elements(as: UInt8.self).map { Int($0 & 3) }
    case .bool: elements(as: UInt8.self).map { $0 == 0 ? 0 : 1 }
    default: doubles().map { Int(saturating: $0) }
    }
  }

  /// Whether whole numbers, of whole bytes each, are all zero.
  var isZero: Bool { unsafe bytes.withUnsafeBytes { unsafe $0.allSatisfy { $0 == 0 } } }

  /// A tensor of any type from float64: rounded to floats, cut towards zero and wrapped to integers, and true for all but
  /// zero. `values.count` must be the shape's element count.
  public init(_ values: [Double], as type: DataType, shape: Shape) {
    switch type {
    case .float64: self.init(elements: values, type, shape)
    case .float32: self.init(values.map { Float($0) }, shape: shape)
    case .float16: self.init(elements: values.map { Float16($0).bitPattern }, type, shape)
    case .bfloat16: self.init(elements: values.map { Float($0).bitsAsBFloat16 }, type, shape)
    case .bool: self.init(elements: values.map { $0 == 0 ? 0 : 1 as UInt8 }, type, shape)
    case .uint64:
      self.init(
        elements: values.map { $0 < 0 ? UInt64(bitPattern: Int64(Int(saturating: $0))) : UInt64(saturating: $0) },
        type, shape)
    case .float8E8M0: self.init(elements: values.map { Tensor.e8m0Code(Float($0)) }, type, shape)
    case .string: self.init(uncheckedTexts: values.map { Tensor.text($0) }, shape)
    default:
      if let format = type.smallFloat {
        self.init(elements: values.map { format.code(of: Float($0)) }, type, shape)
      } else {
        self.init(values.map { Int(saturating: $0) }, as: type, shape: shape)
      }
    }
  }

  /// A tensor of any type from float32.
  public init(_ values: [Float], as type: DataType, shape: Shape) {
    if type == .float32 {
      self.init(values, shape: shape)
    } else {
      self.init(values.map { Double($0) }, as: type, shape: shape)
    }
  }

  /// A tensor of any type from integers, which wrap around.
  public init(_ values: [Int], as type: DataType, shape: Shape) {
    switch type {
    case .int64, .uint64: self.init(elements: values, type, shape)
    case .int32, .uint32: self.init(elements: values.map { Int32(truncatingIfNeeded: $0) }, type, shape)
    case .int16, .uint16: self.init(elements: values.map { Int16(truncatingIfNeeded: $0) }, type, shape)
    case .int8, .uint8: self.init(elements: values.map { Int8(truncatingIfNeeded: $0) }, type, shape)
    case .uint4: self.init(elements: values.map { UInt8(truncatingIfNeeded: $0 & 15) }, type, shape)
    case .int4: self.init(elements: values.map { Int8(truncatingIfNeeded: $0 << 4) >> 4 }, type, shape)
    case .uint2: self.init(elements: values.map { UInt8(truncatingIfNeeded: $0 & 3) }, type, shape)
    case .int2: self.init(elements: values.map { Int8(truncatingIfNeeded: $0 << 6) >> 6 }, type, shape)
    case .bool: self.init(elements: values.map { $0 == 0 ? 0 : 1 as UInt8 }, type, shape)
    case .string: self.init(uncheckedTexts: values.map { String($0) }, shape)
    default: self.init(values.map { Double($0) }, as: type, shape: shape)
    }
  }

  /// Elements as they lie in memory; `values.count` must be the shape's element count and their size the type's.
  package init<Element: BitwiseCopyable>(elements values: [Element], _ type: DataType, _ shape: Shape) {
    precondition(
      values.count == shape.elementCount && MemoryLayout<Element>.size == type.byteCount, "elements of another size")
    self.init(unchecked: Bytes(copying: values), type, shape)
  }

  /// The elements as they lie in memory.
  package func elements<Element: BitwiseCopyable>(as: Element.Type) -> [Element] {
    guard MemoryLayout<Element>.size == type.byteCount else { return [] }
    return unsafe [Element](unsafeUninitializedCapacity: shape.elementCount) { destination, count in
      unsafe bytes.withUnsafeBytes { source in
        if let to = destination.baseAddress, let from = source.baseAddress {
          unsafe UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: source.count)
        }
      }
      count = shape.elementCount
    }
  }

  /// A number as the standard writes it.
  static func text(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
    if value.isNaN { return "NaN" }
    return value.isInfinite ? (value < 0 ? "-INF" : "INF") : "\(value)"
  }

  /// How a number between two powers of two becomes one of them.
  enum PowerRounding: String, Sendable, CaseIterable { case up, down, nearest }

  /// The exponent of a power of two, with 127 added; of the nearest, of two the larger one.
  static func e8m0Code(_ value: Float, _ rounding: PowerRounding = .up) -> UInt8 {
    guard value.isFinite else { return value == .infinity ? 254 : 255 }
    guard value > 0 else { return 0 }
    let isRaised =
      switch rounding {
      case .up: value.significand > 1
      case .down: false
      case .nearest: value.significand >= 1.5
      }
    return UInt8(clamping: min(max(Int(value.exponent) + (isRaised ? 1 : 0) + 127, 0), 254))
  }
}

extension Int {
  /// Cut towards zero; the nearest bound where the number is beyond, and the smallest for what is no number.
  package init(saturating value: Double) {
    if let exact = Int(exactly: value.rounded(.towardZero)) {
      self = exact
    } else {
      self = value > 0 ? .max : .min
    }
  }
}

extension UInt64 {
  fileprivate init(saturating value: Double) {
    self = UInt64(exactly: value.rounded(.towardZero)) ?? (value > 0 ? .max : 0)
  }
}
