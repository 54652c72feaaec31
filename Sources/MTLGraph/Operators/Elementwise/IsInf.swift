/// Which elements are infinite.
public struct IsInf: GeneralOperator, StandardOperator {
  public static let name = "IsInf"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      IsInf(
        positive: try attributes.flag("detect_positive", default: true),
        negative: try attributes.flag("detect_negative", default: true))
    }
  ]
  private let positive: Bool
  private let negative: Bool

  public init(positive: Bool = true, negative: Bool = true) {
    self.positive = positive
    self.negative = negative
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] { [Fact(.bool, try inputs.required(0).shape)] }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let answers = input.doubles().map {
      ($0 == .infinity && positive) || ($0 == -.infinity && negative) ? 1 : 0 as UInt8
    }
    return [Tensor(elements: answers, .bool, input.shape)]
  }
}
