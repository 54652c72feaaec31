/// The same numbers in another type: rounded to floats, cut towards zero to integers, true for all but zero.
public struct Cast: GeneralOperator, StandardOperator {
  public static let name = "Cast"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      Cast(
        to: try type(attributes), saturates: try attributes.flag("saturate", default: true),
        powers: try attributes.choice("round_mode", default: .up))
    },
    OperatorImport("CastLike") { attributes throws(MTLError) in
      Cast(
        to: nil, saturates: try attributes.flag("saturate", default: true),
        powers: try attributes.choice("round_mode", default: .up))
    },
  ]
  /// nil takes the type of the second input.
  private let target: DataType?
  /// Whether what is too large for an 8-bit float becomes its largest number.
  private let saturates: Bool

  /// To powers of two.
  private let powers: Tensor.PowerRounding

  init(to target: DataType?, saturates: Bool = true, powers: Tensor.PowerRounding = .up) {
    self.target = target
    self.saturates = saturates
    self.powers = powers
  }

  private static func type(_ attributes: Attributes) throws(MTLError) -> DataType {
    // Operator sets before 6 name the type.
    if attributes.opset < 6, let name = try? attributes.string("to", default: "") {
      let names: [String: DataType] = [
        "FLOAT": .float32, "DOUBLE": .float64, "INT32": .int32, "INT64": .int64,
        "UINT8": .uint8, "INT8": .int8, "BOOL": .bool, "FLOAT16": .float16,
      ]
      if let type = names[name] { return type }
    }
    guard let type = try attributes.elementType("to") else { throw attributes.missing("to") }
    return type
  }

  private func type(_ like: DataType?) throws(MTLError) -> DataType {
    guard let type = target ?? like else { throw MTLError(.badFormat, "type", "is given by no input") }
    return type
  }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    [Fact(try type(inputs.optional(1)?.type), try inputs.required(0).shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let target = try type(inputs.optional(1)?.type)
    if input.type == .string { return [try Cast.parsed(input, target)] }
    if target == .string { return [Tensor(uncheckedTexts: Cast.texts(of: input), input.shape)] }
    if target == .float8E8M0 {
      return [Tensor(elements: input.numbers().map { Tensor.e8m0Code($0, powers) }, target, input.shape)]
    }
    guard !saturates, let format = target.smallFloat else { return [input.converted(to: target)] }
    let codes = input.numbers().map { format.code(of: $0, saturate: false) }
    return [Tensor(elements: codes, target, input.shape)]
  }

  /// The shortest texts that are the numbers of their type.
  private static func texts(of input: Tensor) -> [String] {
    switch input.type {
    case .float64: input.doubles().map { Tensor.text($0) }
    case .uint64: input.elements(as: UInt64.self).map { String($0) }
    case let type where type.isFloatingPoint: input.numbers().map { Tensor.text($0) }
    default: input.integers().map { String($0) }
    }
  }

  /// Numbers from the texts that write them; anything else is an error.
  private static func parsed(_ input: Tensor, _ target: DataType) throws(MTLError) -> Tensor {
    func wrong(_ text: String) -> MTLError {
      MTLError(.invalidArgument, "input", expected: "texts that are \(target)", found: "'\(text.prefix(40))'")
    }
    guard target != .string else { return input }
    if target.isInteger {
      // 64-bit integers are more than float64 holds.
      let numbers = try input.texts.map { text throws(MTLError) in
        if let number = Int(text) { return number }
        guard let number = UInt64(text) else { throw wrong(text) }
        return Int(truncatingIfNeeded: number)
      }
      return Tensor(numbers, as: target, shape: input.shape)
    }
    let numbers = try input.texts.map { text throws(MTLError) in
      guard let number = Double(text) else { throw wrong(text) }
      return number
    }
    return Tensor(numbers, as: target, shape: input.shape)
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), input.fact.type == target ?? inputs.optional(1)?.fact.type else { return nil }
    return [input.id]
  }
}
