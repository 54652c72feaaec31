import Glibc

/// left to the power of right, in the type of left, with broadcasting.
public struct Pow: GeneralOperator, StandardOperator {
  public static let name = "Pow"
  public static let imports = [OperatorImport(name) { _ in Pow() }]
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    _ = try inputs.required(1)
    return try inferring(inputs) { shapes throws(MTLError) in [try Shape.broadcast(shapes)] }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (left, right) = (try inputs.required(0), try inputs.required(1))
    let shape = try Shape.broadcast([left.shape, right.shape])
    let (bases, exponents) = (left.doubles(), right.doubles())
    let places = (left.shape.places(in: shape), right.shape.places(in: shape))
    let values = (0..<shape.elementCount).map { pow(bases[places.0.offset($0)], exponents[places.1.offset($0)]) }
    return [Tensor(values, as: left.type, shape: shape)]
  }

  /// Squares, the most common power, have a kernel.
  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let base = inputs.optional(0), let exponent = inputs.optional(1)?.fact.value,
      exponent.shape.elementCount == 1, exponent.doubles() == [2], exponent.shape.rank <= base.fact.shape?.rank ?? 0
    else { return nil }
    return try specializer.add(Mul(), [base.id, base.id])
  }
}
