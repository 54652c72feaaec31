import CMTLKernels
import MTLGraph

/// Transposed convolutions with constant weights. Output pixels that stand at one place between the strides see the same
/// taps: each such phase is a plain convolution of the input, whose pixels are then spread over the output.
enum ConvolutionTransposeLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let operation = node.operation as? ConvolutionTranspose, let filters = try Filters(node, in: planner),
      planner.shape(of: node.outputs[0]).elementCount > 0
    else { return false }
    let (activation, result) = planner.fuseActivation(after: node) { $0.isCheap }
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    let output = planner.makeBuffer(for: result, .blocked)
    let plan = try PhasePlan(operation, filters, input, output, activation, node, in: planner)
    let split = WorkSplit(
      groupCount: plan.phases.count * plan.parts, rowCount: 1, images: output.imageCount,
      work: operation.multiplyAccumulates(inputs: [input.shape, filters.weight.shape], outputs: [])
        / max(output.imageCount, 1), threadCount: planner.threadCount)
    let scratchCount = plan.scratchCount
    let scratch = planner.makeScratch(
      elementCount: scratchCount.saturatingProduct(output.imageCount * split.itemCount))
    let name = "transposed convolution \(planner.kernels.instructionSet.name)\(activation.suffix)"
    planner.add(nodeName: node.name, inputs: [input], outputs: [output, scratch]) { operands in
      unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        for unit in part.groups {
          unsafe plan.run(
            unit, operands[0].pointer(in: arena, image: part.image), operands[1].pointer(in: arena, image: part.image),
            scratch: operands[2].pointer(in: arena) + part.item * scratchCount)
        }
      }
    }
    return true
  }
}

private struct Phase {
  let rows: PhaseAxis
  let columns: PhaseAxis
  /// Floats in front of its weights.
  let weightOffset: Int
  let window: mtlk_window
  /// Floats of one output block's weights.
  let blockWeights: Int
}

private struct PhasePlan {
  private(set) var phases: [Phase] = []
  /// Groups of output blocks that are convolved together.
  let parts: Int
  private let tile: Int
  private let kernels: KernelSet
  private let weights: Bytes
  private let bias: Bytes
  private let output: Buffer
  private let stride: Window.Pair

  init(
    _ operation: ConvolutionTranspose, _ filters: Filters, _ input: Buffer, _ output: Buffer, _ activation: Activation,
    _ node: Node, in planner: Planner
  ) throws(MTLError) {
    let weight = filters.weight.shape
    let (rows, columns) = PhaseAxis.both(of: operation, weight, output: output.shape)
    var plain = try kernelWindow(Window(kernel: .init(1)), input: input, output: output, of: node.name)
    (plain.activation, plain.slope) = (activation.code, activation.slope)
    var offset = 0
    for row in rows {
      for column in columns {
        // A phase without taps is its bias: one tap of zeros.
        let taps = max(row.taps.count * column.taps.count, 1)
        let blockWeights = input.blockCount * taps * Layout.lane * Layout.lane
        phases.append(
          Phase(
            rows: row, columns: column, weightOffset: offset, window: PhaseAxis.window(plain, row, column),
            blockWeights: blockWeights))
        offset += blockWeights * output.blockCount
      }
    }
    let packing = "transposed \(operation.stride) \(operation.dilation) \(operation.padding) \(operation.groups)"
    let (phases, outputs) = (phases, output.shape[1])
    weights = try planner.network.packedWeights.bytes(for: filters.key(packing)) {
      () throws(MTLError) -> Bytes in
      let values = try filters.values()
      let factors = try filters.factors(channels: outputs)
      return try unsafe Bytes(byteCount: offset * MemoryLayout<Float>.size) { memory in
        for phase in phases {
          let target = unsafe memory.assumingMemoryBound(to: Float.self).baseAddress
          let taps = PhasePlan.taps(phase, values, factors, weight, operation.groups)
          unsafe packConvolution(
            taps, to: target.map { unsafe $0 + phase.weightOffset }, outputs: outputs, inputs: weight[0],
            taps: taps.count / (outputs * weight[0]))
        }
      }
    }
    bias = try filters.packedBias(channels: outputs, in: planner)
    kernels = planner.kernels
    tile = unsafe Int(planner.kernels.functions.pointee.convolution_blocks)
    parts = (output.blockCount + tile - 1) / tile
    self.output = output
    stride = operation.stride
  }

  /// A phase's weights in the order outputs, inputs, taps; zeros between groups.
  private static func taps(
    _ phase: Phase, _ values: [Float], _ factors: [Float], _ weight: Shape, _ groups: Int
  ) -> [Float] {
    let taps = phase.rows.taps.flatMap { row in phase.columns.taps.map { row * weight[3] + $0 } }
    let (inputs, kernel) = (weight[0], weight[2] * weight[3])
    let count = max(taps.count, 1)
    var result = [Float](repeating: 0, count: factors.count * inputs * count)
    for (output, factor) in factors.enumerated() {
      let (group, place) = output.quotientAndRemainder(dividingBy: weight[1])
      for input in group * (inputs / groups)..<(group + 1) * (inputs / groups) {
        for (index, tap) in taps.enumerated() {
          result[(output * inputs + input) * count + index] =
            values[(input * weight[1] + place) * kernel + tap] * factor
        }
      }
    }
    return result
  }

  /// Floats of the largest phase of one part.
  var scratchCount: Int {
    (phases.map { $0.rows.outputs * $0.columns.outputs }.max() ?? 0) * min(tile, output.blockCount) * Layout.lane
  }

  /// Unit = phase x part.
  @unsafe func run(
    _ unit: Int, _ input: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (phase, first) = (phases[unit / parts], unit % parts * tile)
    let count = min(tile, output.blockCount - first)
    var window = phase.window
    window.output_blocks = Int32(count)
    window.output_channels = Int32(min(output.shape[1] - first * Layout.lane, count * Layout.lane))
    unsafe withFloats(weights, bias) { weights, bias in
      unsafe convolve(
        kernels, window, input, weights + phase.weightOffset + first * phase.blockWeights, bias + first * Layout.lane,
        scratch, blocks: 0..<count, rows: 0..<phase.rows.outputs)
    }
    let (rows, columns) = (phase.rows.outputs, phase.columns.outputs)
    let row = output.shape[3] * Layout.lane
    for block in 0..<count {
      let place = (first + block) * output.pixelCount * Layout.lane
      unsafe mtlk_copy_pixels(
        scratch + block * rows * columns * Layout.lane, Int64(columns * Layout.lane), Int64(Layout.lane),
        target + place + phase.rows.first * row + phase.columns.first * Layout.lane, Int64(stride.rows * row),
        Int64(stride.columns * Layout.lane), Int64(rows), Int64(columns))
    }
  }
}
