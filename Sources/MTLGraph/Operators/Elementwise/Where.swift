/// An element of the second input where the first is true, else of the third, with broadcasting.
public struct Where: GeneralOperator, StandardOperator {
  public static let name = "Where"
  public static let imports = [OperatorImport(name) { _ in Where() }]
  public init() {}

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (condition, left, right) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    guard condition.type == .bool, left.type == right.type else {
      throw MTLError(
        .dataTypeMismatch, "inputs", expected: "bool and two of one type",
        found: "\(condition.type), \(left.type) and \(right.type)")
    }
    return try inferring(inputs, type: left.type) { shapes throws(MTLError) in [try Shape.broadcast(shapes)] }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let condition = try inputs.required(0)
    let shape = try Shape.broadcast(inputs.compactMap { $0?.shape })
    let left = try inputs.required(1).broadcast(to: shape)
    let right = try inputs.required(2).broadcast(to: shape)
    let (truths, places) = (condition.integers(), condition.shape.places(in: shape))
    let both = try Tensor.joined([left, right], to: Shape([shape.elementCount.saturatingProduct(2)]))
    return [
      try both.moved(to: shape) { truths[places.offset($0)] != 0 ? $0 : $0 + shape.elementCount }
    ]
  }
}
