import Glibc

/// x times the normal distribution's share below x, exact or through tanh. Special form of the exact one: `Gelu`.
public struct GeneralGelu: ElementwiseOperator, StandardOperator {
  public enum Approximation: String, Sendable, CaseIterable {
    case none
    case tanh
  }

  public static let name = "Gelu"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GeneralGelu(try attributes.choice("approximate", default: .none))
    }
  ]
  private let approximation: Approximation

  public init(_ approximation: Approximation) {
    self.approximation = approximation
  }

  public func apply(_ value: Float) -> Float { Float(apply(Double(value))) }

  public func apply(_ value: Double) -> Double {
    switch approximation {
    case .none: value * 0.5 * (1 + erf(value * 0.5.squareRoot()))
    case .tanh:
      value * 0.5 * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * (value + 0.044715 * value * value * value)))
    }
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard approximation == .none, let input = inputs.optional(0), input.fact.type == .float32 else { return nil }
    return try specializer.add(Gelu(), [input.id])
  }
}
