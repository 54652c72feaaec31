/// Matrix product, as NumPy's `matmul`: the last two axes are matrices, the others broadcast. Special form: `Gemm`, where
/// the right side is one constant matrix.
public struct MatMul: GeneralOperator, StandardOperator {
  public static let name = "MatMul"
  public static let imports = [OperatorImport(name) { _ in MatMul() }]
  public init() {}

  /// Both sides as matrices, and the axes before them.
  private struct Sides {
    let left: Shape
    let right: Shape
    let batch: Shape
    let output: Shape

    init(_ left: Shape, _ right: Shape) throws(MTLError) {
      guard left.rank >= 1, right.rank >= 1 else {
        throw MTLError(.shapeMismatch, "inputs", expected: "at least one dimension", found: "\(left) and \(right)")
      }
      self.left = left.rank == 1 ? [1, left[0]] : left
      self.right = right.rank == 1 ? [right[0], 1] : right
      let (a, b) = (self.left.dimensions, self.right.dimensions)
      guard a[a.count - 1] == b[b.count - 2] else {
        throw MTLError(.shapeMismatch, "inputs", expected: "as many columns as rows", found: "\(left) and \(right)")
      }
      batch = try Shape.broadcast([Shape(a.dropLast(2)), Shape(b.dropLast(2))])
      var dimensions = batch.dimensions
      if left.rank > 1 { dimensions.append(a[a.count - 2]) }
      if right.rank > 1 { dimensions.append(b[b.count - 1]) }
      output = try Shape(checking: dimensions, of: "output")
    }
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    _ = try inputs.required(1)
    return try inferring(inputs) { shapes throws(MTLError) in [try Sides(shapes[0], shapes[1]).output] }
  }

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    outputs[0].elementCount.saturatingProduct(inputs[0].dimensions.last ?? 1)
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (left, right) = (try inputs.required(0), try inputs.required(1))
    let sides = try Sides(left.shape, right.shape)
    if left.type.isFloatingPoint {
      let values = MatMul.product(left.numbers(), right.numbers(), sides, 0) { $0 + $1 * $2 }
      return [Tensor(values, as: left.type, shape: sides.output)]
    }
    let values = MatMul.product(left.integers(), right.integers(), sides, 0) { $0 &+ $1 &* $2 }
    return [Tensor(values, as: left.type, shape: sides.output)]
  }

  private static func product<Value>(
    _ left: [Value], _ right: [Value], _ sides: Sides, _ zero: Value, _ add: (Value, Value, Value) -> Value
  ) -> [Value] {
    let (a, b) = (sides.left, sides.right)
    let (rows, depth, columns) = (a[a.rank - 2], a[a.rank - 1], b[b.rank - 1])
    let leftPlaces = Shape(a.dimensions.dropLast(2)).places(in: sides.batch)
    let rightPlaces = Shape(b.dimensions.dropLast(2)).places(in: sides.batch)
    var result: [Value] = []
    result.reserveCapacity(sides.output.elementCount)
    for matrix in 0..<sides.batch.elementCount {
      let (from, by) = (leftPlaces.offset(matrix) * rows * depth, rightPlaces.offset(matrix) * depth * columns)
      for row in 0..<rows {
        for column in 0..<columns {
          var sum = zero
          for k in 0..<depth { sum = add(sum, left[from + row * depth + k], right[by + k * columns + column]) }
          result.append(sum)
        }
      }
    }
    return result
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    if let x = inputs.optional(0), let weight = inputs.optional(1), specializer.wholeWeights[weight.id] != nil {
      return try specializer.layerOfBytes(x, weight, hasOutputsFirst: false, bias: nil)
    }
    guard let left = inputs.optional(0), let right = inputs.optional(1), left.fact.type == .float32,
      right.fact.type == .float32, let shape = left.fact.shape, shape.rank >= 2,
      let weight = right.fact.value, weight.shape.rank == 2
    else { return nil }
    let sides = try Sides(shape, weight.shape)
    let depth = weight.shape[0]
    guard depth > 0, shape.elementCount > 0, sides.output.elementCount > 0 else { return nil }
    let turned = specializer.addConstant(try specializer.transposed(weight))
    guard let rows = try specializer.reshaped(left, to: [shape.elementCount / depth, depth]) else { return nil }
    let product = try specializer.add(Gemm(), [rows[0], turned])[0]
    return try specializer.reshaped(specializer.known(product), to: sides.output)
  }
}
