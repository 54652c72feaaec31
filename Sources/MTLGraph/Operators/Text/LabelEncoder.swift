/// For each element what a table has for it: classes for words, or words for classes. An element that is not in the table
/// gets a default.
public struct LabelEncoder: GeneralOperator, StandardOperator {
  public static let name = "LabelEncoder"
  public static let imports = [
    OperatorImport(name, domain: "ai.onnx.ml") { attributes throws(MTLError) in
      guard attributes.opset >= 2 else {
        throw MTLError(.unsupported, "operator set \(attributes.opset)", "its label encoders are not read")
      }
      guard let keys = try list(attributes, "keys"), let values = try list(attributes, "values"),
        keys.shape.elementCount == values.shape.elementCount
      else { throw MTLError(.badFormat, "attributes", expected: "as many keys as values", found: "others") }
      let standard = try standard(attributes, values.type)
      guard standard.type == values.type, standard.shape.elementCount == 1 else {
        throw MTLError(
          .badFormat, "default", expected: "one \(values.type)", found: "\(standard.type) \(standard.shape)")
      }
      return try LabelEncoder(keys: keys, values: values, standard: standard)
    }
  ]
  /// An element by its bits or bytes, but that all NaN are one.
  private enum Key: Hashable {
    case number(UInt64)
    case text([UInt8])
  }

  private let keyType: DataType
  private let places: [Key: Int]
  /// The values, and the default behind them.
  private let values: Tensor

  private init(keys: Tensor, values: Tensor, standard: Tensor) throws(MTLError) {
    keyType = keys.type
    // Of keys that are equal, the first one counts.
    places = Dictionary(LabelEncoder.keys(of: keys).enumerated().map { ($1, $0) }) { first, _ in first }
    self.values = try Tensor.joined([values, standard], to: [values.shape.elementCount + 1])
  }

  private static func keys(of tensor: Tensor) -> [Key] {
    if tensor.type == .string { return tensor.texts.map { .text(Array($0.utf8)) } }
    guard tensor.type.isFloatingPoint else { return tensor.integers().map { .number(UInt64(bitPattern: Int64($0))) } }
    return tensor.doubles().map { .number($0.isNaN ? .max : ($0 == 0 ? 0 : $0).bitPattern) }
  }

  private static func list(_ attributes: Attributes, _ prefix: String) throws(MTLError) -> Tensor? {
    if let tensor = try attributes.tensor("\(prefix)_tensor") { return tensor }
    if let texts = try attributes.strings("\(prefix)_strings") { return Tensor(uncheckedTexts: texts, [texts.count]) }
    if let floats = try attributes.floats("\(prefix)_floats") { return Tensor(floats, shape: [floats.count]) }
    return try attributes.integers("\(prefix)_int64s").map { Tensor($0, as: .int64, shape: [$0.count]) }
  }

  private static func standard(_ attributes: Attributes, _ type: DataType) throws(MTLError) -> Tensor {
    if let tensor = try attributes.tensor("default_tensor") { return tensor }
    switch type {
    case .string: return Tensor(uncheckedTexts: [try attributes.string("default_string", default: "_Unused")], [])
    case .float32: return Tensor([try attributes.float("default_float", default: -0.0)], shape: [])
    default: return Tensor([try attributes.integer("default_int64", default: -1)], as: type, shape: [])
    }
  }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard input.type == keyType else {
      throw MTLError(.dataTypeMismatch, "input", expected: "\(keyType)", found: "\(input.type)")
    }
    return [Fact(values.type, input.shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let keys = LabelEncoder.keys(of: input)
    let standard = values.shape.elementCount - 1
    return [try values.moved(to: input.shape) { places[keys[$0]] ?? standard }]
  }
}
