/// start, start + step, ... before the limit.
public struct RangeOf: GeneralOperator, StandardOperator {
  public static let name = "Range"
  public static let imports = [OperatorImport(name) { _ in RangeOf() }]
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let facts = [try inputs.required(0), try inputs.required(1), try inputs.required(2)]
    let values = facts.compactMap { $0.value }
    guard values.count == 3 else { return [Fact(facts[0].type, nil)] }
    return [Fact(facts[0].type, try Shape(checking: [try count(values)], of: "output"))]
  }

  private func count(_ values: [Tensor]) throws(MTLError) -> Int {
    let numbers = values.compactMap { $0.doubles().first }
    guard numbers.count == 3, numbers[2] != 0, numbers.allSatisfy(\.isFinite) else {
      throw MTLError(.shapeMismatch, "range", expected: "start, limit and a step other than 0", found: "\(numbers)")
    }
    return Int(saturating: max(((numbers[1] - numbers[0]) / numbers[2]).rounded(.up), 0))
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let shape = try outputShape(inputs)
    let (start, step) = (try inputs.required(0), try inputs.required(2))
    if start.type.isFloatingPoint {
      let (first, width) = (start.doubles()[0], step.doubles()[0])
      return [Tensor((0..<shape[0]).map { first + Double($0) * width }, as: start.type, shape: shape)]
    }
    let (first, width) = (start.integers()[0], step.integers()[0])
    return [Tensor((0..<shape[0]).map { first &+ $0 &* width }, as: start.type, shape: shape)]
  }
}
