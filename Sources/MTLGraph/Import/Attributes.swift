/// The attributes of a node in a file, by the names of the standard.
public enum AttributeValue: Sendable {
  case integer(Int)
  case float(Float)
  case string(String)
  case tensor(Tensor)
  case subgraph(Subgraph)
  case integers([Int])
  case floats([Float])
  case strings([String])
  case type(ValueType)

  fileprivate var kind: String {
    switch self {
    case .integer: "an integer"
    case .float: "a float"
    case .string: "a string"
    case .tensor: "a tensor"
    case .subgraph: "a graph"
    case .integers: "integers"
    case .floats: "floats"
    case .strings: "strings"
    case .type: "a type"
    }
  }
}

/// What a file says of a node besides its inputs, for the operator that reads it. An attribute of another type than asked
/// for is an error; the caller names the node.
public struct Attributes: Sendable {
  /// Version of the operator set of the node's domain, which decides what the node means.
  public let opset: Int
  public let inputCount: Int
  public let outputCount: Int
  /// By the names of the standard.
  public let values: [String: AttributeValue]

  public init(_ values: [String: AttributeValue], opset: Int, inputCount: Int, outputCount: Int) {
    self.values = values
    self.opset = opset
    self.inputCount = inputCount
    self.outputCount = outputCount
  }

  public func has(_ name: String) -> Bool { values[name] != nil }

  public func integer(_ name: String) throws(MTLError) -> Int? {
    guard let value = values[name] else { return nil }
    guard case .integer(let integer) = value else { throw wrong(name, "an integer", value) }
    return integer
  }

  public func integer(_ name: String, default standard: Int) throws(MTLError) -> Int {
    try integer(name) ?? standard
  }

  /// An integer that stands for a truth value.
  public func flag(_ name: String, default standard: Bool = false) throws(MTLError) -> Bool {
    try integer(name).map { $0 != 0 } ?? standard
  }

  public func float(_ name: String) throws(MTLError) -> Float? {
    guard let value = values[name] else { return nil }
    guard case .float(let float) = value else { throw wrong(name, "a float", value) }
    return float
  }

  public func float(_ name: String, default standard: Float) throws(MTLError) -> Float { try float(name) ?? standard }

  public func string(_ name: String, default standard: String) throws(MTLError) -> String {
    guard let value = values[name] else { return standard }
    guard case .string(let string) = value else { throw wrong(name, "a string", value) }
    return string
  }

  /// A string that names a case; the error lists them.
  public func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, default standard: Choice
  ) throws(MTLError) -> Choice {
    let text = try string(name, default: standard.rawValue)
    guard let choice = Choice(rawValue: text) else {
      throw MTLError(
        .unsupported, name, expected: "one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))",
        found: "'\(text)'")
    }
    return choice
  }

  public func integers(_ name: String) throws(MTLError) -> [Int]? {
    guard let value = values[name] else { return nil }
    guard case .integers(let integers) = value else { throw wrong(name, "integers", value) }
    return integers
  }

  public func floats(_ name: String) throws(MTLError) -> [Float]? {
    guard let value = values[name] else { return nil }
    guard case .floats(let floats) = value else { throw wrong(name, "floats", value) }
    return floats
  }

  public func strings(_ name: String) throws(MTLError) -> [String]? {
    guard let value = values[name] else { return nil }
    guard case .strings(let strings) = value else { throw wrong(name, "strings", value) }
    return strings
  }

  public func tensor(_ name: String) throws(MTLError) -> Tensor? {
    guard let value = values[name] else { return nil }
    guard case .tensor(let tensor) = value else { throw wrong(name, "a tensor", value) }
    return tensor
  }

  /// An element type by its number in the standard.
  public func elementType(_ name: String) throws(MTLError) -> DataType? {
    try integer(name).map { code throws(MTLError) in
      guard let type = DataType(standardCode: code) else {
        throw MTLError(.unsupported, "attribute '\(name)'", "the library has no tensors of type \(code)")
      }
      return type
    }
  }

  public func valueType(_ name: String) throws(MTLError) -> ValueType? {
    guard let value = values[name] else { return nil }
    guard case .type(let type) = value else { throw wrong(name, "a type", value) }
    return type
  }

  public func subgraph(_ name: String) throws(MTLError) -> Subgraph {
    guard let value = values[name] else { throw missing(name) }
    guard case .subgraph(let graph) = value else { throw wrong(name, "a graph", value) }
    return graph
  }

  public func missing(_ name: String) -> MTLError { MTLError(.badFormat, "attribute '\(name)'", "is missing") }

  private func wrong(_ name: String, _ expected: String, _ value: AttributeValue) -> MTLError {
    MTLError(.badFormat, "attribute '\(name)'", expected: expected, found: value.kind)
  }
}

extension DataType {
  /// A type by its number in ONNX (`TensorProto.DataType`); nil for what no tensor of ours can hold (complex numbers) and for numbers that nobody knows.
  public init?(standardCode code: Int) {
    guard let type = DataType.standardCodes.first(where: { $0.value == code })?.key else { return nil }
    self = type
  }

  /// The type's number in ONNX.
  public var standardCode: Int { DataType.standardCodes[self] ?? 0 }

  private static let standardCodes: [DataType: Int] = [
    .float32: 1, .uint8: 2, .int8: 3, .uint16: 4, .int16: 5, .int32: 6, .int64: 7, .bool: 9, .float16: 10,
    .float64: 11, .uint32: 12, .uint64: 13, .bfloat16: 16, .float8E4M3FN: 17, .float8E4M3FNUZ: 18, .float8E5M2: 19,
    .float8E5M2FNUZ: 20, .uint4: 21, .int4: 22, .float4E2M1: 23, .float8E8M0: 24, .uint2: 25, .int2: 26,
    .string: 8,
  ]
}
