import CMTLKernels
import MTLGraph

/// Batch normalisations that no convolution before them took up: a factor and an offset for each channel, which is a
/// depthwise convolution of one tap.
enum BatchNormalizationLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let normalization = node.operation as? BatchNormalization, planner.shape(of: node.outputs[0]).rank == 4 else {
      return false
    }
    let statistics = node.inputs.dropFirst().compactMap { planner.constant($0) }
    guard statistics.count == 4, planner.shape(of: node.outputs[0]).elementCount > 0 else { return false }
    let (activation, result) = planner.fuseActivation(after: node) { $0.isCheap }
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    let output = planner.makeBuffer(for: result, .blocked)
    var window = try kernelWindow(Window(kernel: .init(1)), input: input, output: output, of: node.name)
    (window.activation, window.slope) = (activation.code, activation.slope)
    let (factor, offset) = try normalization.factors([Tensor(ofShapeOnly: input.shape)] + statistics)
    let weights = Bytes(copying: padded(factor, input.blockCount))
    let bias = Bytes(copying: padded(offset, input.blockCount))
    let kernels = planner.kernels
    let split = planner.split(output, workPerElement: 1)
    let name = "batch normalization \(kernels.instructionSet.name)\(activation.suffix)"
    let place = window
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        unsafe depthwise(kernels, place, operands[0], weights, bias, operands[1], part, arena)
      }
    }
    return true
  }

  private static func padded(_ values: [Float], _ blockCount: Int) -> [Float] {
    values + [Float](repeating: 0, count: blockCount * Layout.lane - values.count)
  }
}
