/// Batch normalisation with the statistics given, as networks run it. Special form: `BatchNormalization`.
public struct GeneralBatchNormalization: GeneralOperator, StandardOperator {
  public static let name = "BatchNormalization"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      // Operator sets before 7 train unless they are told not to, and those from 14 on if they are.
      let isTest = try attributes.flag("is_test", default: attributes.opset >= 7 || attributes.outputCount == 1)
      let trains = try attributes.flag("training_mode", default: !isTest)
      let epsilon = try attributes.float("epsilon", default: 1e-5)
      guard trains else { return GeneralBatchNormalization(epsilon: epsilon) }
      guard attributes.opset >= 14 else {
        throw MTLError(.unsupported, "operator set \(attributes.opset)", "statistics of the batch are not computed")
      }
      return BatchStatisticsNormalization(
        epsilon: epsilon, momentum: try attributes.float("momentum", default: 0.9),
        outputCount: attributes.outputCount)
    }
  ]
  private let epsilon: Float

  public init(epsilon: Float) {
    self.epsilon = epsilon
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    _ = try inputs.required(4)
    return try inferring(inputs) { shapes throws(MTLError) in
      try BatchNormalization(epsilon: epsilon).outputShapes(shapes)
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    try BatchNormalization(epsilon: epsilon).compute(inputs)
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard inputs.allSatisfy({ $0?.fact.type == .float32 }) else { return nil }
    return try specializer.add(BatchNormalization(epsilon: epsilon), inputs.map { $0?.id })
  }
}
