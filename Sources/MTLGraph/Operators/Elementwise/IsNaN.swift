/// Which elements are no numbers.
public struct IsNaN: GeneralOperator, StandardOperator {
  public static let name = "IsNaN"
  public static let imports = [OperatorImport(name) { _ in IsNaN() }]
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] { [Fact(.bool, try inputs.required(0).shape)] }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    return [Tensor(elements: input.doubles().map { $0.isNaN ? 1 : 0 as UInt8 }, .bool, input.shape)]
  }
}
