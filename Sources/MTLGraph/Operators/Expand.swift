/// Repeats a tensor of batch 1 for every image of a second input, of which only the batch size is read.
public struct Expand: Operator {
  public static let name = "Expand"

  public init() {}

  public func readsShapeOnly(input: Int) -> Bool { input == 1 }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 2...2)
    guard inputs[0].rank > 0, inputs[0][0] == 1, inputs[1].rank > 0 else {
      throw MTLError(.shapeMismatch, "input", expected: "a batch of 1", found: "\(inputs[0])")
    }
    return [Shape([inputs[1][0]] + inputs[0].dimensions.dropFirst())]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let values = try inputs[0].floats()
    let shape = try outputShapes(inputs.map(\.shape))[0]
    return [Tensor((0..<shape[0]).flatMap { _ in values }, shape: shape)]
  }
}
