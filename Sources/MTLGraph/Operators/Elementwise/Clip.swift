/// Each element brought between two bounds, either of which may be left out.
public struct Clip: GeneralOperator, StandardOperator {
  public static let name = "Clip"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      // Operator sets before 11 have the bounds as attributes.
      Clip(least: try attributes.float("min"), most: try attributes.float("max"))
    }
  ]
  private let least: Float?
  private let most: Float?

  public init(least: Float? = nil, most: Float? = nil) {
    self.least = least
    self.most = most
  }

  /// The bounds in float32, from the attributes or these inputs.
  package func bounds(_ low: Tensor?, _ high: Tensor?) -> (low: Float, high: Float) {
    (low?.numbers().first ?? least ?? -.infinity, high?.numbers().first ?? most ?? .infinity)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    for bound in [inputs.optional(1), inputs.optional(2)] {
      if let shape = bound?.shape, shape.elementCount != 1 {
        throw MTLError(.shapeMismatch, "bound", expected: "one number", found: "\(shape)")
      }
    }
    let input = try inputs.required(0)
    return [Fact(input.type, input.shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    if input.type.isFloatingPoint {
      let low = inputs.optional(1)?.doubles().first ?? least.map { Double($0) } ?? -.infinity
      let high = inputs.optional(2)?.doubles().first ?? most.map { Double($0) } ?? .infinity
      return [
        Tensor(input.doubles().map { $0.isNaN ? $0 : min(max($0, low), high) }, as: input.type, shape: input.shape)
      ]
    }
    let low = inputs.optional(1)?.integers().first ?? .min
    let high = inputs.optional(2)?.integers().first ?? .max
    return [Tensor(input.integers().map { min(max($0, low), high) }, as: input.type, shape: input.shape)]
  }

  /// From 0 on it is a `Relu` or `ClippedRelu`.
  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    let given = (inputs.optional(1), inputs.optional(2))
    guard let input = inputs.optional(0), input.fact.type == .float32,
      given.0 == nil || given.0?.fact.value != nil, given.1 == nil || given.1?.fact.value != nil
    else { return nil }
    let (low, high) = bounds(given.0?.fact.value, given.1?.fact.value)
    guard low == 0, high >= 0 else { return nil }
    return try specializer.add(high == .infinity ? Relu() : ClippedRelu(limit: high), [input.id])
  }
}
