import CMTLKernels
import MTLGraph

/// Convolutions in one group with constant weights, by the direct kernel; a following cheap activation goes into its
/// epilogue. The kernel needs at least one input channel: it writes the bias with the first one.
enum ConvolutionLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let convolution = node.operation as? Convolution, convolution.groups == 1,
      let weight = planner.constant(node.inputs[1]), weight.shape[1] > 0
    else { return false }
    let bias = node.inputs.count == 3 ? planner.constant(node.inputs[2]) : nil
    guard node.inputs.count == 2 || bias != nil else { return false }
    let (activation, result) = planner.fuseActivation(after: node) { $0.isCheap }
    let input = try inputBuffer(node, in: &planner)
    let output = planner.makeBuffer(for: result, .blocked)
    guard case .blocked(let lane) = input.layout else { return false }
    let packed = try pack(weight, bias, lane: lane, node: node, planner.network)
    let window = try kernelWindow(
      convolution.window(weight: weight.shape), input: input, output: output, activation: activation, of: node.name)
    let kernels = planner.kernels
    let work =
      convolution.multiplyAccumulates(
        inputs: [input.shape, weight.shape], outputs: [output.shape]) / max(output.shape[0], 1)
    let groupSize = unsafe Int(kernels.functions.pointee.convolution_blocks)
    let split = WorkSplit(
      groupCount: (output.blockCount + groupSize - 1) / groupSize, rowCount: output.shape[2], images: output.shape[0],
      work: work,
      threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      ConvolutionStep(
        kernels: kernels, window: window, weights: packed.weights, bias: packed.bias, input: operands[0],
        output: operands[1], split: split, groupSize: groupSize, suffix: activation.suffix)
    }
    return true
  }

  /// The input in blocks: as it already lies if that is some blocked layout (the network's input of few channels).
  private static func inputBuffer(_ node: Node, in planner: inout Planner) throws(MTLError) -> Buffer {
    if let home = planner.anyBuffer(of: node.inputs[0]), case .blocked = home.layout { return home }
    return try planner.buffer(of: node.inputs[0], as: .blocked)
  }

  private static func pack(
    _ weight: Tensor, _ bias: Tensor?, lane: Int, node: Node, _ network: Network
  ) throws(MTLError) -> (weights: Bytes, bias: Bytes) {
    let shape = weight.shape
    let outputBlocks = (shape[0] + Layout.lane - 1) / Layout.lane
    let inputBlocks = (shape[1] + lane - 1) / lane
    let taps = shape[2] * shape[3]
    let weights = try network.packedWeights.bytes(
      for: .init(value: node.inputs[1], packing: "convolution \(lane)")
    ) { () throws(MTLError) -> Bytes in
      let count = outputBlocks * inputBlocks * taps * lane * Layout.lane
      return try unsafe Bytes(byteCount: count * MemoryLayout<Float>.size) {
        (memory: UnsafeMutableRawBufferPointer) throws(MTLError) in
        unsafe weight.bytes.withUnsafeBytes { values in
          unsafe mtlk_pack_convolution(
            values.assumingMemoryBound(to: Float.self).baseAddress,
            memory.assumingMemoryBound(to: Float.self).baseAddress, Int64(shape[0]), Int64(shape[1]), Int64(taps),
            Int64(lane))
        }
      }
    }
    let biasValue = node.inputs.count == 3 ? node.inputs[2] : node.inputs[1]
    let packedBias = try network.packedWeights.bytes(for: .init(value: biasValue, packing: "bias")) {
      () throws(MTLError) -> Bytes in
      var values = try bias?.floats(of: node.name) ?? []
      values += [Float](repeating: 0, count: outputBlocks * Layout.lane - values.count)
      return Bytes(copying: values)
    }
    return (weights, packedBias)
  }
}

/// Items are images x groups of output blocks x strips of rows.
private final class ConvolutionStep: Step {
  let kernelName: String
  let itemCount: Int
  private let kernels: KernelSet
  private let window: mtlk_window
  private let weights: Bytes
  private let bias: Bytes
  private let input: Operand
  private let output: Operand
  private let split: WorkSplit
  private let groupSize: Int

  init(
    kernels: KernelSet, window: mtlk_window, weights: Bytes, bias: Bytes, input: Operand, output: Operand,
    split: WorkSplit, groupSize: Int, suffix: String
  ) {
    self.kernels = kernels
    self.window = window
    self.weights = weights
    self.bias = bias
    self.input = input
    self.output = output
    self.split = split
    self.groupSize = groupSize
    kernelName = "convolution \(kernels.instructionSet.name)\(suffix)"
    itemCount = input.buffer.shape[0] * split.itemCount
  }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let image = item / split.itemCount
    let groups = split.groupRange(item % split.itemCount)
    let rows = split.rowRange(item % split.itemCount)
    let lastBlock = min(groups.upperBound * groupSize, output.buffer.blockCount)
    unsafe withUnsafePointer(to: window) { window in
      unsafe weights.withUnsafeBytes { weights in
        unsafe bias.withUnsafeBytes { bias in
          unsafe kernels.functions.pointee.convolution(
            window, input.pointer(in: arena, image: image), weights.assumingMemoryBound(to: Float.self).baseAddress,
            bias.assumingMemoryBound(to: Float.self).baseAddress, output.pointer(in: arena, image: image),
            Int32(groups.lowerBound * groupSize), Int32(lastBlock), Int32(rows.lowerBound), Int32(rows.upperBound))
        }
      }
    }
  }
}
