/// Reorders the axes: axis i of the output is axis `order[i]` of the input.
public struct Transpose: Operator {
  public static let name = "Transpose"
  public let order: [Int]

  public var evaluatesAnyType: Bool { true }
  public var takesText: Bool { true }

  public init(_ order: [Int]) {
    self.order = order
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    guard order.sorted() == Array(0..<inputs[0].rank) else {
      throw MTLError(.shapeMismatch, "order", expected: "each axis of \(inputs[0]) once", found: "\(order)")
    }
    return [Shape(order.map { inputs[0][$0] })]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let shape = try outputShapes(inputs.map(\.shape))[0]
    if inputs[0].type != .string { return [try inputs[0].transposed(order)] }
    let strides = inputs[0].shape.rowMajorStrides
    let places = BroadcastPlaces(dimensions: shape.dimensions, strides: order.map { strides[$0] })
    return [try inputs[0].moved(to: shape) { places.offset($0) }]
  }
}
