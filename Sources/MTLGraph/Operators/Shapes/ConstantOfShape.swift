/// One number in every place of a shape that the input lists.
public struct ConstantOfShape: GeneralOperator, StandardOperator {
  public static let name = "ConstantOfShape"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let value = try attributes.tensor("value") ?? Tensor([0], shape: [1])
      guard value.shape.elementCount == 1 else {
        throw MTLError(.badFormat, "attribute 'value'", expected: "one element", found: "\(value.shape)")
      }
      return ConstantOfShape(try value.reshaped(to: []))
    }
  ]
  private let value: Tensor

  public init(_ value: Tensor) {
    self.value = value
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    guard let sizes = try inputs.required(0).value?.integers() else { return [Fact(value.type, nil)] }
    return [Fact(value.type, try Shape(checking: sizes, of: "shape"))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    [try value.broadcast(to: try outputShape(inputs))]
  }
}
