/// Ones on a diagonal of a matrix as large as the input.
public struct EyeLike: GeneralOperator, StandardOperator {
  public static let name = "EyeLike"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let code = try attributes.integer("dtype")
      guard code == nil || DataType(standardCode: code ?? 0) != nil else {
        throw MTLError(.unsupported, "attribute 'dtype'", "the library has no tensors of type \(code ?? 0)")
      }
      return EyeLike(
        type: code.flatMap { DataType(standardCode: $0) }, diagonal: try attributes.integer("k", default: 0))
    }
  ]
  private let type: DataType?
  private let diagonal: Int

  init(type: DataType?, diagonal: Int) {
    (self.type, self.diagonal) = (type, diagonal)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    if let shape = input.shape, shape.rank != 2 {
      throw MTLError(.shapeMismatch, "input", expected: "2 dimensions", found: "\(shape)")
    }
    return [Fact(type ?? input.type, input.shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let ones = (0..<shape.elementCount).map { $0 % shape[1] &- $0 / shape[1] == diagonal ? 1 : 0 }
    return [Tensor(ones, as: type ?? input.type, shape: shape)]
  }
}
