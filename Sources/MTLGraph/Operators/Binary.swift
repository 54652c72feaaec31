/// An operator that joins two tensors element by element; shapes broadcast as in NumPy: aligned at the last axis, and an
/// axis of 1 repeats.
///
/// Elements of other types than float32 are computed by the variant for them where there is one, else through float32.
public protocol BinaryOperator: Operator {
  func apply(_ left: Float, _ right: Float) -> Float
  func apply(_ left: Double, _ right: Double) -> Double
  /// Of integers, which wrap around.
  func apply(_ left: Int, _ right: Int) -> Int
}

extension BinaryOperator {
  public var kinds: OperatorKinds { .binary }
  public var evaluatesAnyType: Bool { true }

  public func outputTypes(_ inputs: [DataType?]) throws(MTLError) -> [DataType] {
    guard inputs.count == 2, let left = inputs[0], let right = inputs[1], left == right else {
      throw MTLError(
        .dataTypeMismatch, "inputs", expected: "two of one type",
        found: inputs.map { $0?.description ?? "none" }.joined(separator: " and "))
    }
    return [left]
  }

  public func apply(_ left: Double, _ right: Double) -> Double { Double(apply(Float(left), Float(right))) }
  public func apply(_ left: Int, _ right: Int) -> Int { Int(saturating: Double(apply(Float(left), Float(right)))) }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 2...2)
    guard let shape = Shape.broadcast(inputs[0], inputs[1]) else {
      throw MTLError(
        .shapeMismatch, "inputs", expected: "shapes that are equal or 1 along each axis",
        found: "\(inputs[0]) and \(inputs[1])")
    }
    return [shape]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let (left, right) = (inputs[0], inputs[1])
    guard left.type == right.type else {
      throw MTLError(.dataTypeMismatch, "inputs", expected: "one type", found: "\(left.type) and \(right.type)")
    }
    let shape = try outputShapes(inputs.map(\.shape))[0]
    let places = (left.shape.places(in: shape), right.shape.places(in: shape))
    func join<Value>(_ left: [Value], _ right: [Value], _ apply: (Value, Value) -> Value) -> [Value] {
      (0..<shape.elementCount).map { apply(left[places.0.offset($0)], right[places.1.offset($0)]) }
    }
    switch left.type {
    case .float32: return [Tensor(join(try left.floats(), try right.floats(), apply), shape: shape)]
    case .float64: return [Tensor(join(left.doubles(), right.doubles(), apply), as: .float64, shape: shape)]
    case let type where type.isFloatingPoint:
      return [Tensor(join(left.numbers(), right.numbers(), apply), as: type, shape: shape)]
    default: return [Tensor(join(left.integers(), right.integers(), apply), as: left.type, shape: shape)]
    }
  }
}

extension Shape {
  /// The shape that all broadcast to.
  static func broadcast(_ shapes: [Shape]) throws(MTLError) -> Shape {
    var result: Shape = []
    for shape in shapes {
      guard let next = broadcast(result, shape) else {
        throw MTLError(
          .shapeMismatch, "inputs", expected: "shapes that are equal or 1 along each axis",
          found: shapes.map(\.description).joined(separator: ", "))
      }
      result = next
    }
    return result
  }

  /// The shape that both broadcast to, or nil.
  static func broadcast(_ left: Shape, _ right: Shape) -> Shape? {
    let rank = Swift.max(left.rank, right.rank)
    var dimensions: [Int] = []
    for axis in 0..<rank {
      let (a, b) = (left.dimension(axis, ofRank: rank), right.dimension(axis, ofRank: rank))
      guard a == b || a == 1 || b == 1 else { return nil }
      dimensions.append(a == 1 ? b : a)
    }
    return Shape(dimensions)
  }

  /// The size along `axis` of this shape with ones in front up to `rank`.
  private func dimension(_ axis: Int, ofRank rank: Int) -> Int {
    axis < rank - self.rank ? 1 : dimensions[axis - (rank - self.rank)]
  }
}
