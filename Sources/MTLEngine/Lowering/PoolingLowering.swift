import CMTLKernels
import MTLGraph

/// Maximum, average and global average pooling in blocks.
enum PoolingLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    switch node.operation {
    case let pool as MaxPool:
      try lower(node, pool.window, Int32(MTLK_MAX_POOL), "max pool", in: &planner)
    case let pool as AveragePool:
      let kind = pool.countsPadding ? MTLK_AVERAGE_POOL_WITH_PADDING : MTLK_AVERAGE_POOL
      try lower(node, pool.window, Int32(kind), "average pool", in: &planner)
    case is GlobalAveragePool:
      try lowerGlobalAverage(node, in: &planner)
    default:
      return false
    }
    return true
  }

  private static func lower(
    _ node: Node, _ window: Window, _ kind: Int32, _ name: String, in planner: inout Planner
  ) throws(MTLError) {
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    let kernelWindow = try kernelWindow(window, input: input, output: output, of: node.name)
    let kernels = planner.kernels
    let work = output.imageElementCount.saturatingProduct(window.kernel.rows * window.kernel.columns)
    let split = WorkSplit(
      groupCount: output.blockCount, rowCount: output.shape[2], images: output.shape[0],
      work: work, threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      PoolStep(
        kernels: kernels, window: kernelWindow, kind: kind, name: name, input: operands[0], output: operands[1],
        split: split)
    }
  }

  private static func lowerGlobalAverage(_ node: Node, in planner: inout Planner) throws(MTLError) {
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    let kernels = planner.kernels
    let split = WorkSplit(
      groupCount: input.blockCount, rowCount: 1, images: input.shape[0], work: input.imageElementCount,
      threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      GlobalAverageStep(kernels: kernels, split: split, input: operands[0], output: operands[1])
    }
  }
}

/// Items are images x groups of blocks x strips of rows.
private final class PoolStep: Step {
  let kernelName: String
  let itemCount: Int
  private let kernels: KernelSet
  private let window: mtlk_window
  private let kind: Int32
  private let input: Operand
  private let output: Operand
  private let split: WorkSplit

  init(
    kernels: KernelSet, window: mtlk_window, kind: Int32, name: String, input: Operand, output: Operand,
    split: WorkSplit
  ) {
    self.kernels = kernels
    self.window = window
    self.kind = kind
    self.input = input
    self.output = output
    self.split = split
    kernelName = "\(name) \(kernels.instructionSet.name)"
    itemCount = input.buffer.shape[0] * split.itemCount
  }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let image = item / split.itemCount
    let blocks = split.groupRange(item % split.itemCount)
    let rows = split.rowRange(item % split.itemCount)
    unsafe withUnsafePointer(to: window) { window in
      unsafe kernels.functions.pointee.pool(
        window, kind, input.pointer(in: arena, image: image), output.pointer(in: arena, image: image),
        Int32(blocks.lowerBound), Int32(blocks.upperBound), Int32(rows.lowerBound), Int32(rows.upperBound))
    }
  }
}

/// Items are images x groups of blocks.
private final class GlobalAverageStep: Step {
  let kernelName: String
  private let kernels: KernelSet
  private let split: WorkSplit
  private let input: Operand
  private let output: Operand

  init(kernels: KernelSet, split: WorkSplit, input: Operand, output: Operand) {
    self.kernels = kernels
    self.split = split
    self.input = input
    self.output = output
    kernelName = "global average \(kernels.instructionSet.name)"
  }

  var itemCount: Int { input.buffer.shape[0] * split.itemCount }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let (image, shape) = (item / split.itemCount, input.buffer.shape)
    let blocks = split.groupRange(item % split.itemCount)
    unsafe kernels.functions.pointee.global_average(
      input.pointer(in: arena, image: image), output.pointer(in: arena, image: image), Int64(shape[2] * shape[3]),
      Int32(blocks.lowerBound), Int32(blocks.upperBound))
  }
}
