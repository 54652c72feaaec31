/// The slices along an axis, or the elements, for which a condition holds.
public struct Compress: GeneralOperator, StandardOperator {
  public static let name = "Compress"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in Compress(axis: try attributes.integer("axis")) }
  ]
  private let axis: Int?

  init(axis: Int?) {
    self.axis = axis
  }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    _ = try inputs.required(1)
    if let axis, let shape = input.shape { _ = try shape.axis(axis) }
    return [Fact(input.type, nil)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, condition) = (try inputs.required(0), try inputs.required(1).integers())
    let flat = axis == nil ? try input.reshaped(to: [input.shape.elementCount]) : input
    let axis = try flat.shape.axis(axis ?? 0)
    let kept = condition.indices.filter { condition[$0] != 0 }
    guard kept.allSatisfy({ $0 < flat.shape[axis] }) else {
      throw MTLError(.shapeMismatch, "condition", expected: "at most \(flat.shape[axis])", found: "\(condition.count)")
    }
    return try Gather(axis: axis).compute([flat, Tensor(kept, as: .int64, shape: [kept.count])])
  }
}
