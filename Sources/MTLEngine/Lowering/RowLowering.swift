import CMTLKernels
import MTLGraph

/// The few operators that heads put on rows of features instead of images: layer normalisation and sums with factors. Rows
/// are short, so that a step is one item.
enum RowLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard planner.shape(of: node.outputs[0]).rank == 2 else { return false }
    switch node.operation {
    case let norm as LayerNormalization: return try lowerNorm(node, norm, in: &planner)
    case let sum as WeightedSum: return try lowerSum(node, count: sum.count, in: &planner)
    default: return false
    }
  }

  /// Each row is an image of one pixel, in whole blocks.
  private static func lowerNorm(
    _ node: Node, _ norm: LayerNormalization, in planner: inout Planner
  ) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.inputs[0])
    guard try norm.axis(of: shape) == 1, let scale = planner.constant(node.inputs[1]),
      let bias = planner.constant(node.inputs[2])
    else { return false }
    let factors = (
      try planner.packedChannels(node.inputs[1], scale), try planner.packedChannels(node.inputs[2], bias)
    )
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    // Rows are items of their own, which may run at the same time.
    let rowStride = (shape[1] + Layout.lane - 1) / Layout.lane * Layout.lane
    let scratch = planner.makeScratch(elementCount: rowStride.saturatingProduct(shape[0]))
    let (kernels, width) = (planner.kernels, shape[1])
    let split = WorkSplit(groupCount: 1, rowCount: 1, work: 0, threadCount: 1)
    let name = "layer norm \(kernels.instructionSet.name)"
    planner.add(nodeName: node.name, inputs: [input], outputs: [output, scratch]) { operands in
      unsafe PartStep(name, images: shape[0], split: split) { part, arena in
        let row = unsafe operands[2].pointer(in: arena) + part.image * rowStride
        unsafe row.update(from: operands[0].pointer(in: arena, image: part.image), count: width)
        unsafe withFloats(factors.0, factors.1) { scale, bias in
          unsafe kernels.functions.pointee.layer_norm(row, row, 1, 0, 1, Int32(width), scale, bias, norm.epsilon)
        }
        unsafe operands[1].pointer(in: arena, image: part.image).update(from: row, count: width)
      }
    }
    return true
  }

  private static func lowerSum(_ node: Node, count: Int, in planner: inout Planner) throws(MTLError) -> Bool {
    var inputs: [Buffer] = []
    for value in node.inputs { inputs.append(try planner.buffer(of: value, as: .planar)) }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let split = WorkSplit(groupCount: 1, rowCount: 1, work: 0, threadCount: 1)
    let (factors, width) = (inputs[0].shape, output.shape[1])
    planner.add(nodeName: node.name, inputs: inputs, outputs: [output]) { operands in
      unsafe PartStep("weighted sum", images: output.imageCount, split: split) { part, arena in
        let factor = unsafe operands[0].pointer(in: arena) + (factors[0] == 1 ? 0 : part.image * count)
        let target = unsafe operands[count + 1].pointer(in: arena, image: part.image)
        unsafe target.update(repeating: 0, count: width)
        for index in 0..<count {
          let source = unsafe operands[index + 1].pointer(in: arena, image: part.image)
          for channel in 0..<width {
            unsafe target[channel] += source[channel] * factor[factors.rank == 3 ? index * width + channel : index]
          }
        }
      }
    }
    return true
  }
}
