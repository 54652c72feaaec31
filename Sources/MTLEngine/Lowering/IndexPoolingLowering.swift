import CMTLKernels
import MTLGraph

/// Maximum pooling that keeps the places of the maxima, and the way back.
enum IndexPoolingLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    switch node.operation {
    case let pool as MaxPoolWithIndices: try lowerPool(node, pool.window, in: &planner)
    case is MaxUnpool: try lowerUnpool(node, in: &planner)
    default: return false
    }
    return true
  }

  private static func lowerPool(_ node: Node, _ window: Window, in planner: inout Planner) throws(MTLError) {
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    let outputs = node.outputs.map { planner.makeBuffer(for: $0, .blocked) }
    let kernelWindow = try kernelWindow(window, input: input, output: outputs[0], of: node.name)
    let kernels = planner.kernels
    let split = planner.split(outputs[0], workPerElement: 2 * window.kernel.rows * window.kernel.columns)
    let name = "max pool with indices \(kernels.instructionSet.name)"
    planner.add(nodeName: node.name, inputs: [input], outputs: outputs) { operands in
      unsafe PartStep(name, images: input.imageCount, split: split) { part, arena in
        unsafe withUnsafePointer(to: kernelWindow) { window in
          unsafe kernels.functions.pointee.max_pool_indices(
            window, operands[0].pointer(in: arena, image: part.image),
            operands[1].pointer(in: arena, image: part.image),
            operands[2].pointer(in: arena, image: part.image), Int32(part.groups.lowerBound),
            Int32(part.groups.upperBound), Int32(part.rows.lowerBound), Int32(part.rows.upperBound))
        }
      }
    }
  }

  private static func lowerUnpool(_ node: Node, in planner: inout Planner) throws(MTLError) {
    let inputs = [
      try planner.buffer(of: node.inputs[0], as: .blocked), try planner.buffer(of: node.inputs[1], as: .blocked),
    ]
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    let split = planner.split(output, workPerElement: 1, splitsRows: false)
    planner.add(nodeName: node.name, inputs: inputs, outputs: [output]) { operands in
      unsafe PartStep("max unpool", images: output.imageCount, split: split) { part, arena in
        unsafe mtlk_max_unpool(
          operands[0].pointer(in: arena, image: part.image), operands[1].pointer(in: arena, image: part.image),
          operands[2].pointer(in: arena, image: part.image), Int64(inputs[0].pixelCount), Int64(output.pixelCount),
          Int32(output.shape[1]), Int32(part.groups.lowerBound), Int32(part.groups.upperBound))
      }
    }
  }
}
