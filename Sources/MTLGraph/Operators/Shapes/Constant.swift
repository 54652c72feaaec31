/// A tensor that the file holds.
public struct Constant: GeneralOperator, StandardOperator {
  public static let name = "Constant"
  public static let imports = [OperatorImport(name) { attributes throws(MTLError) in Constant(try read(attributes)) }]
  private let value: Tensor

  public init(_ value: Tensor) {
    self.value = value
  }

  private static func read(_ attributes: Attributes) throws(MTLError) -> Tensor {
    for name in ["value", "sparse_value"] {
      if let tensor = try attributes.tensor(name) { return tensor }
    }
    if let integer = try attributes.integer("value_int") { return Tensor([integer], as: .int64, shape: []) }
    if let integers = try attributes.integers("value_ints") {
      return Tensor(integers, as: .int64, shape: [integers.count])
    }
    if let float = try attributes.float("value_float") { return Tensor([float], shape: []) }
    if let floats = try attributes.floats("value_floats") { return Tensor(floats, shape: [floats.count]) }
    if attributes.has("value_string") {
      return Tensor(uncheckedTexts: [try attributes.string("value_string", default: "")], [])
    }
    if let texts = try attributes.strings("value_strings") { return Tensor(uncheckedTexts: texts, [texts.count]) }
    throw attributes.missing("value")
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] { [Fact(value)] }
  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] { [value] }
}
