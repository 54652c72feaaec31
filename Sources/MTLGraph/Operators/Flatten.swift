/// Joins the dimensions from `axis` on, in row-major order: for images the order C, H, W, as PyTorch's `flatten(1)`.
public struct Flatten: Operator {
  public static let name = "Flatten"
  public let axis: Int

  public init(axis: Int = 1) {
    self.axis = axis
  }

  public var evaluatesAnyType: Bool { true }
  public var takesText: Bool { true }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    guard (0...inputs[0].rank).contains(axis) else {
      throw MTLError(.shapeMismatch, "axis", expected: "0 to \(inputs[0].rank)", found: "\(axis)")
    }
    let dimensions = inputs[0].dimensions
    return [[dimensions[..<axis].reduce(1, *), dimensions[axis...].reduce(1, *)]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let shape = try outputShapes(inputs.map(\.shape))[0]
    return [try inputs[0].reshaped(to: shape)]
  }
}
