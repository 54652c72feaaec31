/// Dropout when a network is evaluated: its input, and where it is asked for a mask of ones.
public struct GeneralDropout: GeneralOperator, StandardOperator {
  public static let name = "Dropout"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GeneralDropout(hasMask: attributes.outputCount > 1, maskIsBool: attributes.opset >= 10)
    }
  ]
  private let hasMask: Bool
  private let maskIsBool: Bool

  public init(hasMask: Bool, maskIsBool: Bool) {
    self.hasMask = hasMask
    self.maskIsBool = maskIsBool
  }

  public var outputCount: Int { hasMask ? 2 : 1 }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    if let mode = inputs.optional(2)?.value?.integers(), let ratio = inputs.optional(1)?.value?.doubles() {
      try refuseTraining(mode, ratio)
    }
    let output = Fact(input.type, input.shape)
    return hasMask ? [output, Fact(maskIsBool ? .bool : input.type, input.shape)] : [output]
  }

  private func refuseTraining(_ mode: [Int], _ ratio: [Double]) throws(MTLError) {
    guard mode == [0] || ratio == [0] else {
      throw MTLError(.unsupported, "training_mode", "dropout while training is random")
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    if let mode = inputs.optional(2) { try refuseTraining(mode.integers(), inputs.optional(1)?.doubles() ?? [0.5]) }
    let ones = [Int](repeating: 1, count: hasMask ? input.shape.elementCount : 0)
    return hasMask ? [input, Tensor(ones, as: maskIsBool ? .bool : input.type, shape: input.shape)] : [input]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    let isEvaluated = inputs.optional(2) == nil || inputs.optional(2)?.fact.value?.integers() == [0]
    guard !hasMask, isEvaluated, let input = inputs.optional(0) else { return nil }
    return [input.id]
  }
}
