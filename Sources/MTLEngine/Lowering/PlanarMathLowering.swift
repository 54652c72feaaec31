import CMTLKernels
import MTLGraph

/// What computes on row-major values that are no images: sums and products that broadcast, and functions of single elements
/// that kernels do not know.
enum PlanarMathLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard planner.shape(of: node.outputs[0]).elementCount > 0 else { return false }
    switch node.operation {
    case let clip as Clip: return try limit(node, clip, in: &planner)
    case is Add, is Sub, is Mul, is Div:
      guard let operation = node.operation as? any BinaryOperator else { return false }
      return try broadcast(node, operation, in: &planner)
    case let operation as any ElementwiseOperator: return try map(node, in: &planner) { operation.apply($0 as Float) }
    default: return false
    }
  }

  private static func limit(_ node: Node, _ clip: Clip, in planner: inout Planner) throws(MTLError) -> Bool {
    let bounds = node.inputs.dropFirst().map { $0 == .absent ? nil : planner.constant($0) }
    guard zip(node.inputs.dropFirst(), bounds).allSatisfy({ $0 == .absent || $1 != nil }) else { return false }
    let (low, high) = clip.bounds(bounds.first ?? nil, bounds.dropFirst().first ?? nil)
    return try map(node, in: &planner) { $0.isNaN ? $0 : min(max($0, low), high) }
  }

  /// Each element on its own, in whatever layout the value lies. What fills blocks up stays finite.
  private static func map(
    _ node: Node, in planner: inout Planner, _ change: @escaping (Float) -> Float
  ) throws(MTLError) -> Bool {
    let source = planner.anyBuffer(of: node.inputs[0])
    let input = if let source { source } else { try planner.buffer(of: node.inputs[0], as: .planar) }
    let output = planner.makeBuffer(for: node.outputs[0], input.layout)
    let split = WorkSplit(
      groupCount: input.imageElementCount, rowCount: 1, images: input.imageCount,
      work: input.imageElementCount.saturatingProduct(4), threadCount: planner.threadCount)
    let lanes = input.layout.lane
    let channels = input.shape.rank == 4 && lanes > 1 ? input.shape[1] : nil
    let pixels = input.pixelCount
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(node.operation.name.lowercasedASCII, images: input.imageCount, split: split) { part, arena in
        let from = unsafe operands[0].pointer(in: arena, image: part.image)
        let to = unsafe operands[1].pointer(in: arena, image: part.image)
        for index in part.groups {
          let isFilling = channels.map { index / (pixels * lanes) * lanes + index % lanes >= $0 } ?? false
          unsafe to[index] = isFilling ? 0 : change(from[index])
        }
      }
    }
    return true
  }

  /// Row by row of the last axis; a side that is 1 there repeats its number.
  private static func broadcast(
    _ node: Node, _ operation: any BinaryOperator, in planner: inout Planner
  ) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.outputs[0])
    guard shape.rank >= 1 else { return false }
    var inputs: [Buffer] = []
    for value in node.inputs { inputs.append(try planner.buffer(of: value, as: .planar)) }
    guard inputs.allSatisfy(\.isContiguous) else { return false }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let sides = inputs.map { $0.shape.places(in: shape) }
    let steps = sides.map { $0.strides[shape.rank - 1] }
    let width = shape[shape.rank - 1]
    let split = WorkSplit(
      groupCount: 1, rowCount: shape.elementCount / width, work: shape.elementCount, threadCount: planner.threadCount)
    let compute = rowOperation(operation)
    planner.add(nodeName: node.name, inputs: inputs, outputs: [output]) { operands in
      unsafe PartStep(operation.name.lowercasedASCII, images: 1, split: split) { part, arena in
        for row in part.rows {
          unsafe compute(
            operands[0].pointer(in: arena) + sides[0].offset(row * width), steps[0],
            operands[1].pointer(in: arena) + sides[1].offset(row * width), steps[1],
            operands[2].pointer(in: arena) + row * width, width)
        }
      }
    }
    return true
  }

  private typealias RowOperation = (
    UnsafePointer<Float>, Int, UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int
  ) -> Void

  /// A loop for each operation, so that none looks it up for every element.
  @unsafe private static func rowOperation(_ operation: any BinaryOperator) -> RowOperation {
    switch operation {
    case is Add:
      unsafe { a, aStep, b, bStep, y, count in for i in 0..<count { unsafe y[i] = a[i * aStep] + b[i * bStep] } }
    case is Sub:
      unsafe { a, aStep, b, bStep, y, count in for i in 0..<count { unsafe y[i] = a[i * aStep] - b[i * bStep] } }
    case is Mul:
      unsafe { a, aStep, b, bStep, y, count in for i in 0..<count { unsafe y[i] = a[i * aStep] * b[i * bStep] } }
    default:
      unsafe { a, aStep, b, bStep, y, count in for i in 0..<count { unsafe y[i] = a[i * aStep] / b[i * bStep] } }
    }
  }
}
