/// An operator that maps each element on its own. Elements of other types than float32 are computed by the variant for
/// them where there is one, else through float32.
public protocol ElementwiseOperator: Operator {
  func apply(_ value: Float) -> Float
  func apply(_ value: Double) -> Double
  /// Of integers, which wrap around.
  func apply(_ value: Int) -> Int
}

extension ElementwiseOperator {
  public var kinds: OperatorKinds { .elementwise }
  public var evaluatesAnyType: Bool { true }

  public func apply(_ value: Double) -> Double { Double(apply(Float(value))) }
  public func apply(_ value: Int) -> Int { Int(saturating: Double(apply(Float(value)))) }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    return [inputs[0]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let input = inputs[0]
    switch input.type {
    case .float32: return [Tensor(try input.floats().map { apply($0) as Float }, shape: input.shape)]
    case .float64: return [Tensor(input.doubles().map { apply($0) as Double }, as: .float64, shape: input.shape)]
    case let type where type.isFloatingPoint:
      return [Tensor(input.numbers().map { apply($0) as Float }, as: type, shape: input.shape)]
    default: return [Tensor(input.integers().map { apply($0) as Int }, as: input.type, shape: input.shape)]
    }
  }
}
