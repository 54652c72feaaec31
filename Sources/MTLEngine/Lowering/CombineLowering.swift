import CMTLKernels
import MTLGraph

/// Sums, differences, products and quotients of two values, with broadcasting between images; a following activation
/// goes with them.
enum CombineLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let (code, name) = operation(node.operation) else { return false }
    let shape = planner.shape(of: node.outputs[0])
    let isImage = shape.rank == 4
    let suits = node.inputs.allSatisfy {
      let operand = planner.shape(of: $0)
      return isScalar(operand) || (isImage ? operand.rank == 4 : operand == shape)
    }
    guard suits, !node.inputs.allSatisfy({ planner.constant($0) != nil }) else { return false }
    let (activation, result) = planner.fuseActivation(after: node) { _ in true }
    var inputs: [Buffer] = []
    for value in node.inputs {
      let layout = isImage && planner.shape(of: value).rank == 4 ? Layout.blocked : .planar
      inputs.append(try planner.buffer(of: value, as: layout))
    }
    let output = planner.makeBuffer(for: result, isImage ? .blocked : .planar)
    let kernels = planner.kernels
    let kernel = Kernel(kernels: kernels, operation: code, activation: activation)
    let label = "\(name) \(kernels.instructionSet.name)\(activation.suffix)"
    let split = isImage ? planner.split(output, workPerElement: 1) : nil
    planner.add(nodeName: node.name, inputs: inputs, outputs: [output]) { operands in
      guard let split else { return PlainCombineStep(kernel, label, operands) }
      let sides = operands.dropLast().map { Side($0, in: output.shape) }
      return unsafe PartStep(label, images: output.imageCount, split: split) { part, arena in
        unsafe combine(kernel, sides[0], sides[1], operands[2], part, arena)
      }
    }
    return true
  }

  private static func operation(_ operation: any Operator) -> (Int32, String)? {
    switch operation {
    case is Add: (Int32(MTLK_ADD), "add")
    case is Sub: (Int32(MTLK_SUBTRACT), "subtract")
    case is Mul: (Int32(MTLK_MULTIPLY), "multiply")
    case is Div: (Int32(MTLK_DIVIDE), "divide")
    default: nil
    }
  }
}

private func isScalar(_ shape: Shape) -> Bool { shape.elementCount == 1 }

private struct Kernel {
  let kernels: KernelSet
  let operation: Int32
  let activation: Activation

  @unsafe func callAsFunction(
    _ left: UnsafePointer<Float>, _ leftKind: Int32, _ right: UnsafePointer<Float>, _ rightKind: Int32,
    _ output: UnsafeMutablePointer<Float>, count: Int, lanes: Int
  ) {
    unsafe kernels.functions.pointee.combine(
      operation, left, leftKind, right, rightKind, output, Int64(count), Int32(lanes), activation.code,
      activation.slope)
  }
}

/// An operand as the result sees it: along which axes it repeats.
private struct Side {
  let operand: Operand
  let kind: Int32
  /// Whether rows that follow one another can be read in one call.
  let joinsRows: Bool
  private let imageStep: Int
  private let blockStep: Int
  private let rowStep: Int

  init(_ operand: Operand, in target: Shape) {
    self.operand = operand
    let shape = operand.buffer.shape
    guard shape.rank == 4 else {
      (kind, joinsRows, imageStep, blockStep, rowStep) = (Int32(MTLK_ONE_FLOAT), true, 0, 0, 0)
      return
    }
    let repeats = zip(shape.dimensions, target.dimensions).map { $0 == 1 && $1 > 1 }
    switch (repeats[1], repeats[3]) {
    case (false, false): kind = Int32(MTLK_EACH_BLOCK)
    case (false, true): kind = Int32(MTLK_ONE_BLOCK)
    case (true, false): kind = Int32(MTLK_FIRST_LANES)
    case (true, true): kind = Int32(MTLK_ONE_FLOAT)
    }
    joinsRows = repeats[2] == repeats[3]
    imageStep = repeats[0] ? 0 : 1
    blockStep = repeats[1] ? 0 : shape[2] * shape[3] * Layout.lane
    rowStep = repeats[2] ? 0 : shape[3] * Layout.lane
  }

  @unsafe func pointer(in arena: UnsafeMutableRawPointer, image: Int, block: Int, row: Int) -> UnsafePointer<Float> {
    unsafe UnsafePointer(operand.pointer(in: arena, image: image * imageStep) + block * blockStep + row * rowStep)
  }
}

@unsafe private func combine(
  _ kernel: Kernel, _ left: Side, _ right: Side, _ output: Operand, _ part: PartStep.Part,
  _ arena: UnsafeMutableRawPointer
) {
  let shape = output.buffer.shape
  let step = left.joinsRows && right.joinsRows ? max(part.rows.count, 1) : 1
  for block in part.groups {
    for row in stride(from: part.rows.lowerBound, to: part.rows.upperBound, by: step) {
      let place = (block * shape[2] + row) * shape[3] * Layout.lane
      unsafe kernel(
        left.pointer(in: arena, image: part.image, block: block, row: row), left.kind,
        right.pointer(in: arena, image: part.image, block: block, row: row), right.kind,
        output.pointer(in: arena, image: part.image) + place, count: step * shape[3],
        lanes: min(shape[1] - block * Layout.lane, Layout.lane))
    }
  }
}

/// Values that are no images, in plain order. What is left of the last 16 elements goes through a block of its own.
private final class PlainCombineStep: Step {
  let kernelName: String
  let itemCount = 1
  private let kernel: Kernel
  private let operands: [Operand]
  private let kinds: [Int32]

  init(_ kernel: Kernel, _ kernelName: String, _ operands: [Operand]) {
    self.kernel = kernel
    self.kernelName = kernelName
    self.operands = operands
    let shape = operands[2].buffer.shape
    kinds = operands.map { Int32($0.buffer.shape == shape ? MTLK_EACH_BLOCK : MTLK_ONE_FLOAT) }
  }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let count = operands[2].buffer.elementCount
    let (whole, rest) = (count / Layout.lane, count % Layout.lane)
    unsafe kernel(
      operands[0].pointer(in: arena), kinds[0], operands[1].pointer(in: arena), kinds[1],
      operands[2].pointer(in: arena), count: whole, lanes: Layout.lane)
    guard rest > 0 else { return }
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * Layout.lane) { memory in
      unsafe memory.initialize(repeating: 0)
      guard let blocks = memory.baseAddress else { return }
      for index in 0..<2 {
        let isEach = kinds[index] == Int32(MTLK_EACH_BLOCK)
        unsafe (blocks + index * Layout.lane).update(
          from: operands[index].pointer(in: arena) + (isEach ? whole * Layout.lane : 0), count: isEach ? rest : 1)
      }
      unsafe kernel(
        blocks, kinds[0], blocks + Layout.lane, kinds[1], blocks + 2 * Layout.lane, count: 1, lanes: rest)
      unsafe (operands[2].pointer(in: arena) + whole * Layout.lane).update(from: blocks + 2 * Layout.lane, count: rest)
    }
  }
}
