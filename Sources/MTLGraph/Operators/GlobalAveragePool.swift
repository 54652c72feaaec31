/// Mean over all pixels of each channel: NCHW to N x C x 1 x 1.
public struct GlobalAveragePool: Operator {
  public static let name = "GlobalAveragePool"

  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    try requireRank(inputs[0], 4)
    guard inputs[0][2] * inputs[0][3] > 0 else {
      throw MTLError(.shapeMismatch, "input", expected: "at least one pixel", found: "\(inputs[0])")
    }
    return [[inputs[0][0], inputs[0][1], 1, 1]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let shape = inputs[0].shape
    let x = try inputs[0].floats()
    let pixels = shape[2] * shape[3]
    let means = (0..<shape[0] * shape[1]).map { plane in
      Float(x[plane * pixels..<(plane + 1) * pixels].reduce(0.0) { $0 + Double($1) } / Double(pixels))
    }
    return [Tensor(means, shape: [shape[0], shape[1], 1, 1])]
  }
}
