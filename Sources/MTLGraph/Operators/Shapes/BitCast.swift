/// The same bits as another type of the same size.
public struct BitCast: GeneralOperator, StandardOperator {
  public static let name = "BitCast"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      guard let code = try attributes.integer("to") else { throw attributes.missing("to") }
      guard let type = DataType(standardCode: code) else {
        throw MTLError(.unsupported, "attribute 'to'", "the library has no tensors of type \(code)")
      }
      return BitCast(to: type)
    }
  ]
  private let target: DataType

  init(to target: DataType) {
    self.target = target
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard input.type.byteCount == target.byteCount else {
      throw MTLError(.dataTypeMismatch, "input", expected: "as many bits as \(target)", found: "\(input.type)")
    }
    return [Fact(target, input.shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    return [try Tensor(shape: shape, type: target, bytes: input.bytes, of: "input")]
  }
}
