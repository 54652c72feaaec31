/// Its input, unchanged.
public struct Identity: PassThroughOperator, ValueOperator, StandardOperator {
  public static let name = "Identity"
  public static let imports = [OperatorImport(name) { _ in Identity() }]
  public var kinds: OperatorKinds { [.passThrough, .values] }
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] { [try inputs.required(0)] }
  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] { [try inputs.required(0)] }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let input = inputs.optional(0), input.fact.form != .tensor || input.fact.presence != .certain else {
      return nil
    }
    return [input.id]
  }
}

/// An operator that hands its input on when a network is evaluated; `removePassThrough` takes it out.
public protocol PassThroughOperator: Operator {}

extension PassThroughOperator {
  public var kinds: OperatorKinds { .passThrough }
  public var evaluatesAnyType: Bool { true }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    return [inputs[0]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { inputs }
}
