/// A floating-point format of at most eight bits: its numbers by code.
package struct SmallFloat: Sendable {
  /// By code.
  let values: [Float]
  /// The code of what is no number; nil where the format has none.
  private let nanCode: UInt8?
  /// Codes 0 to this one are the finite numbers from zero up, in order.
  private let largest: UInt8
  /// The code of infinity; nil where the format has none.
  private let infinity: UInt8?
  /// Set in the codes of negative numbers.
  private let signBit: UInt8
  /// Whether minus zero is no number of the format.
  private let hasOneZero: Bool

  private init(
    exponentBits: Int, mantissaBits: Int, bias: Int, nan: UInt8?, largest: UInt8, infinity: UInt8?,
    hasOneZero: Bool = false
  ) {
    let sign = UInt8(1 << (exponentBits + mantissaBits))
    values = (0..<256).map { code -> Float in
      let magnitude = UInt8(code) & (sign &- 1)
      let mantissa = Float(Int(magnitude) & ((1 << mantissaBits) - 1)) / Float(1 << mantissaBits)
      let exponent = Int(magnitude) >> mantissaBits
      let value =
        exponent == 0 ? SmallFloat.power(1 - bias) * mantissa : SmallFloat.power(exponent - bias) * (1 + mantissa)
      if let infinity, magnitude == infinity { return UInt8(code) & sign == 0 ? .infinity : -.infinity }
      if hasOneZero ? UInt8(code) == sign : (nan != nil && magnitude > (infinity ?? largest)) { return .nan }
      return UInt8(code) & sign == 0 ? value : -value
    }
    nanCode = nan
    self.largest = largest
    self.infinity = infinity
    signBit = sign
    self.hasOneZero = hasOneZero
  }

  private static func power(_ exponent: Int) -> Float { Float(sign: .plus, exponent: exponent, significand: 1) }

  static let e4m3fn = SmallFloat(exponentBits: 4, mantissaBits: 3, bias: 7, nan: 0x7F, largest: 0x7E, infinity: nil)
  static let e4m3fnuz = SmallFloat(
    exponentBits: 4, mantissaBits: 3, bias: 8, nan: 0x80, largest: 0x7F, infinity: nil, hasOneZero: true)
  static let e5m2 = SmallFloat(exponentBits: 5, mantissaBits: 2, bias: 15, nan: 0x7F, largest: 0x7B, infinity: 0x7C)
  static let e5m2fnuz = SmallFloat(
    exponentBits: 5, mantissaBits: 2, bias: 16, nan: 0x80, largest: 0x7F, infinity: nil, hasOneZero: true)
  static let e2m1 = SmallFloat(exponentBits: 2, mantissaBits: 1, bias: 1, nan: nil, largest: 0x07, infinity: nil)

  /// The code of the nearest number, of two the even one. Beyond the largest one it is the largest, if `saturate`, else
  /// infinity or no number where the format has that.
  package func code(of value: Float, saturate: Bool = true) -> UInt8 {
    let sign = value.sign == .minus ? signBit : 0
    // A format without it has minus zero instead.
    if value.isNaN { return nanCode.map { hasOneZero ? $0 : $0 | sign } ?? signBit }
    let magnitude = abs(value)
    if magnitude > edge || (magnitude == .infinity) {
      if saturate { return largest | sign }
      if let infinity { return infinity | sign }
      return nanCode.map { hasOneZero ? $0 : $0 | sign } ?? largest | sign
    }
    var (low, high) = (0, Int(largest))
    while low < high {
      let middle = (low + high + 1) / 2
      if values[middle] <= magnitude { low = middle } else { high = middle - 1 }
    }
    var code = UInt8(low)
    if code < largest {
      let (below, above) = (magnitude - values[low], values[low + 1] - magnitude)
      if above < below || (above == below && low % 2 == 1) { code += 1 }
    }
    return hasOneZero && code == 0 ? 0 : code | sign
  }

  /// The largest magnitude that still rounds to the largest number.
  private var edge: Float {
    let (last, before) = (values[Int(largest)], values[Int(largest) - 1])
    return last + (last - before) / 2
  }
}

extension DataType {
  /// The format's numbers, for floats of at most a byte with a sign.
  package var smallFloat: SmallFloat? {
    switch self {
    case .float8E4M3FN: .e4m3fn
    case .float8E4M3FNUZ: .e4m3fnuz
    case .float8E5M2: .e5m2
    case .float8E5M2FNUZ: .e5m2fnuz
    case .float4E2M1: .e2m1
    default: nil
    }
  }
}
