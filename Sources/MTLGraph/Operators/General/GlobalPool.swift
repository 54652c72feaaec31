import Glibc

/// One number for all pixels of each channel: their mean, the largest or their p-norm. Special form of the mean:
/// `GlobalAveragePool`.
public struct GlobalPool: GeneralOperator, StandardOperator {
  enum Kind: Sendable {
    case average
    case max
    case norm(p: Int)
  }

  public static let name = "GlobalPool"
  public static let imports = [
    OperatorImport("GlobalAveragePool") { _ in GlobalPool(.average) },
    OperatorImport("GlobalMaxPool") { _ in GlobalPool(.max) },
    OperatorImport("GlobalLpPool") { attributes throws(MTLError) in
      GlobalPool(.norm(p: try attributes.integer("p", default: 2)))
    },
  ]
  private let kind: Kind

  init(_ kind: Kind) {
    self.kind = kind
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inferring(inputs) { shapes throws(MTLError) in
      guard shapes[0].rank >= 2, shapes[0].dimensions[2...].allSatisfy({ $0 > 0 }) else {
        throw MTLError(.shapeMismatch, "input", expected: "N x C and at least one pixel", found: "\(shapes[0])")
      }
      return [Shape([shapes[0][0], shapes[0][1]] + shapes[0].dimensions[2...].map { _ in 1 })]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let values = input.doubles()
    let joined = input.shape.groups(joining: Array(2..<input.shape.rank)).map { places -> Double in
      switch kind {
      case .average: places.reduce(0) { $0 + values[$1] } / Double(places.count)
      case .max: places.reduce(-.infinity) { $0.isNaN || $0 > values[$1] ? $0 : values[$1] }
      case .norm(let p): pow(places.reduce(0) { $0 + pow(abs(values[$1]), Double(p)) }, 1 / Double(p))
      }
    }
    return [Tensor(joined, as: input.type, shape: try outputShape(inputs))]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard case .average = kind, let input = inputs.optional(0), input.fact.type == .float32,
      input.fact.shape?.rank == 4
    else { return nil }
    return try specializer.add(GlobalAveragePool(), [input.id])
  }
}
