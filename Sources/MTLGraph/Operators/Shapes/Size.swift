/// The number of a tensor's elements.
public struct Size: GeneralOperator, StandardOperator {
  public static let name = "Size"
  public static let imports = [OperatorImport(name) { _ in Size() }]
  public init() {}

  public func readsShapeOnly(input: Int) -> Bool { true }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    guard let shape = try inputs.required(0).shape else { return [Fact(.int64, [])] }
    return [Fact(Tensor([shape.elementCount], as: .int64, shape: []))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    [Tensor([try inputs.required(0).shape.elementCount], as: .int64, shape: [])]
  }
}
