/// The same elements in row-major order under another shape.
public struct Reshape: Operator {
  public static let name = "Reshape"
  /// The new dimensions: 0 takes the input's at this position, one -1 takes what is left.
  public let dimensions: [Int]

  public init(_ dimensions: [Int]) {
    self.dimensions = dimensions
  }

  public var evaluatesAnyType: Bool { true }
  public var takesText: Bool { true }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    let input = inputs[0]
    var result: [Int] = []
    for (position, dimension) in dimensions.enumerated() {
      guard dimension != 0 || position < input.rank else { throw mismatch(input) }
      result.append(dimension == 0 ? input[position] : dimension)
    }
    let known = result.filter { $0 >= 0 }.reduce(1) { $0.saturatingProduct($1) }
    if let open = result.firstIndex(of: -1), known > 0 { result[open] = input.elementCount / known }
    let shape = try Shape(checking: result, of: "shape")
    guard shape.elementCount == input.elementCount else { throw mismatch(input) }
    return [shape]
  }

  private func mismatch(_ input: Shape) -> MTLError {
    MTLError(.shapeMismatch, "shape", expected: "\(input.elementCount) elements of \(input)", found: "\(dimensions)")
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let shape = try outputShapes(inputs.map(\.shape))[0]
    return [try inputs[0].reshaped(to: shape)]
  }
}
