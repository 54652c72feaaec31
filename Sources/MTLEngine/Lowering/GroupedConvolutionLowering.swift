import CMTLKernels
import MTLGraph

/// Convolutions in groups with constant weights. One channel for each group has a kernel of its own; otherwise groups are
/// joined until their channels fill whole blocks, with zeros between them, and run one after the other as plain
/// convolutions.
enum GroupedConvolutionLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let convolution = node.operation as? Convolution, convolution.groups > 1,
      let weight = planner.constant(node.inputs[1]), weight.shape[1] > 0, let filters = try Filters(node, in: planner)
    else { return false }
    let (activation, result) = planner.fuseActivation(after: node) { $0.isCheap }
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    let output = planner.makeBuffer(for: result, .blocked)
    var window = try kernelWindow(
      convolution.window(weight: weight.shape), input: input, output: output, of: node.name)
    (window.activation, window.slope) = (activation.code, activation.slope)
    if convolution.isDepthwise(weight.shape) {
      try lowerDepthwise(node, window, filters, input, output, activation, in: &planner)
    } else {
      try lowerGroups(node, convolution.groups, window, filters, input, output, activation, in: &planner)
    }
    return true
  }

  private static func lowerDepthwise(
    _ node: Node, _ window: mtlk_window, _ filters: Filters, _ input: Buffer, _ output: Buffer,
    _ activation: Activation, in planner: inout Planner
  ) throws(MTLError) {
    let taps = filters.weight.shape[2] * filters.weight.shape[3]
    let weights = try planner.packedDepthwise(
      filters.weight, factors: filters.factors(channels: filters.weight.shape[0]), key: filters.key("depthwise"))
    let bias = try filters.packedBias(in: planner)
    let kernels = planner.kernels
    let split = planner.split(output, workPerElement: taps)
    let name = "depthwise convolution \(kernels.instructionSet.name)\(activation.suffix)"
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        unsafe depthwise(kernels, window, operands[0], weights, bias, operands[1], part, arena)
      }
    }
  }

  private static func lowerGroups(
    _ node: Node, _ groups: Int, _ window: mtlk_window, _ filters: Filters, _ input: Buffer, _ output: Buffer,
    _ activation: Activation, in planner: inout Planner
  ) throws(MTLError) {
    let joined = JoinedGroups(groups, filters.weight.shape)
    let weights = try planner.network.packedWeights.bytes(for: filters.key("groups \(groups)")) {
      () throws(MTLError) -> Bytes in try joined.pack(try filters.scaledValues())
    }
    let bias = try filters.packedBias(in: planner)
    let kernels = planner.kernels
    let tile = unsafe Int(kernels.functions.pointee.convolution_blocks)
    let parts = (joined.outputBlocks + tile - 1) / tile
    let split = WorkSplit(
      groupCount: joined.count * parts, rowCount: output.shape[2], images: output.imageCount,
      work: output.imageElementCount.saturatingProduct(joined.inputs * joined.taps), threadCount: planner.threadCount)
    var group = window
    (group.input_blocks, group.output_blocks) = (Int32(joined.inputBlocks), Int32(joined.outputBlocks))
    group.output_channels = Int32(joined.outputs)
    let name = "grouped convolution \(kernels.instructionSet.name)\(activation.suffix)"
    let groupWindow = group
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        unsafe withFloats(weights, bias) { weights, bias in
          for unit in part.groups {
            let (index, first) = (unit / parts, unit % parts * tile)
            unsafe convolve(
              kernels, groupWindow,
              operands[0].pointer(in: arena, image: part.image) + index * joined.inputs * input.pixelCount,
              weights + index * joined.packedCount, bias + index * joined.outputs,
              operands[1].pointer(in: arena, image: part.image) + index * joined.outputs * output.pixelCount,
              blocks: first..<min(first + tile, joined.outputBlocks), rows: part.rows)
          }
        }
      }
    }
  }
}

/// Groups of channels that are convolved together: as few as fill whole blocks, or all of them.
private struct JoinedGroups {
  /// How many joined groups there are, and channels of each.
  let count: Int
  let inputs: Int
  let outputs: Int
  let taps: Int
  private let width: Int
  private let groupInputs: Int
  private let groupOutputs: Int

  init(_ groups: Int, _ weight: Shape) {
    let (inputs, outputs) = (weight[1], weight[0] / groups)
    let width =
      (1...Layout.lane).first {
        groups % $0 == 0 && $0 * inputs % Layout.lane == 0 && $0 * outputs % Layout.lane == 0
      } ?? groups
    self.width = width
    count = groups / width
    (groupInputs, groupOutputs) = (inputs, outputs)
    (self.inputs, self.outputs) = (width * inputs, width * outputs)
    taps = weight[2] * weight[3]
  }

  var inputBlocks: Int { (inputs + Layout.lane - 1) / Layout.lane }
  var outputBlocks: Int { (outputs + Layout.lane - 1) / Layout.lane }
  /// Floats of one joined group's packed weights.
  var packedCount: Int { inputBlocks * outputBlocks * taps * Layout.lane * Layout.lane }

  func pack(_ values: [Float]) throws(MTLError) -> Bytes {
    try unsafe Bytes(byteCount: (count * packedCount) * MemoryLayout<Float>.size) { memory in
      for index in 0..<count {
        var dense = [Float](repeating: 0, count: outputs * inputs * taps)
        for output in 0..<outputs {
          let first = (output * inputs + output / groupOutputs * groupInputs) * taps
          let from = (index * outputs + output) * groupInputs * taps
          for place in 0..<groupInputs * taps { dense[first + place] = values[from + place] }
        }
        let target = unsafe memory.assumingMemoryBound(to: Float.self).baseAddress
        unsafe packConvolution(
          dense, to: target.map { unsafe $0 + index * packedCount }, outputs: outputs, inputs: inputs, taps: taps)
      }
    }
  }
}

/// One filter for each channel, on a part of an image.
@unsafe func depthwise(
  _ kernels: KernelSet, _ window: mtlk_window, _ input: Operand, _ weights: Bytes, _ bias: Bytes, _ output: Operand,
  _ part: PartStep.Part, _ arena: UnsafeMutableRawPointer
) {
  unsafe withUnsafePointer(to: window) { window in
    unsafe withFloats(weights, bias) { weights, bias in
      unsafe kernels.functions.pointee.depthwise(
        window, input.pointer(in: arena, image: part.image), weights, bias,
        output.pointer(in: arena, image: part.image), Int32(part.groups.lowerBound), Int32(part.groups.upperBound),
        Int32(part.rows.lowerBound), Int32(part.rows.upperBound))
    }
  }
}
