/// Matrix product of integers less their zero points, as int32. The left zero point may be one for each row, the right
/// one for each column.
public struct MatMulInteger: GeneralOperator, StandardOperator {
  public static let name = "MatMulInteger"
  public static let imports = [OperatorImport(name) { _ in MatMulInteger() }]
  public init() {}

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let sides = [try inputs.required(0), try inputs.required(1)]
    return [Fact(.int32, try MatMul().infer(sides)[0].shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let left = try inputs.required(0).centered(by: inputs.optional(2), isLeft: true)
    let right = try inputs.required(1).centered(by: inputs.optional(3), isLeft: false)
    let product = try MatMul().compute([left, right])[0]
    return [product.converted(to: .int32)]
  }
}

extension Tensor {
  /// Integers less their zero points, of which there is one, or one for each row of a left matrix or column of a right one.
  func centered(by zeroPoint: Tensor?, isLeft: Bool) throws(MTLError) -> Tensor {
    guard let zeroPoint else { return converted(to: .int64) }
    let count = zeroPoint.shape.elementCount
    let axis = isLeft ? shape.rank - 2 : shape.rank - 1
    guard count == 1 || axis >= 0 && shape[axis] == count || zeroPoint.shape.rank == shape.rank else {
      throw MTLError(
        .shapeMismatch, "zero point", expected: "one, or one for each row or column", found: "\(zeroPoint.shape)")
    }
    let zeros = zeroPoint.integers()
    let values = integers()
    if count == 1 { return Tensor(values.map { $0 &- zeros[0] }, as: .int64, shape: shape) }
    if zeroPoint.shape.rank == shape.rank {
      let spread = try zeroPoint.broadcast(to: shape).integers()
      return Tensor(zip(values, spread).map { $0 &- $1 }, as: .int64, shape: shape)
    }
    let inner = shape.around(axis).inner
    return Tensor(values.indices.map { values[$0] &- zeros[$0 / inner % count] }, as: .int64, shape: shape)
  }
}
