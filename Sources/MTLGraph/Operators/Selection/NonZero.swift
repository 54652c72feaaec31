/// The places of all elements but zeros, axes x places.
public struct NonZero: GeneralOperator, StandardOperator {
  public static let name = "NonZero"
  public static let imports = [OperatorImport(name) { _ in NonZero() }]
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    _ = try inputs.required(0)
    return [Fact(.int64, nil)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let values = input.doubles()
    let found = values.indices.filter { values[$0] != 0 }
    let strides = input.shape.rowMajorStrides
    let places = input.shape.dimensions.indices.flatMap { axis in
      found.map { $0 / strides[axis] % input.shape[axis] }
    }
    return [Tensor(places, as: .int64, shape: [input.shape.rank, found.count])]
  }
}
