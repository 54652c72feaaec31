import CMTLKernels
import MTLGraph

/// Several images of one shape, element by element: sums with factors.
enum GroupLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard planner.shape(of: node.outputs[0]).rank == 4 else { return false }
    guard let sum = node.operation as? WeightedSum else { return false }
    try lowerWeightedSum(node, count: sum.count, in: &planner)
    return true
  }

  private static func lowerWeightedSum(_ node: Node, count: Int, in planner: inout Planner) throws(MTLError) {
    var inputs = [try planner.buffer(of: node.inputs[0], as: .planar)]
    for value in node.inputs.dropFirst() { inputs.append(try planner.buffer(of: value, as: .blocked)) }
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    let kernels = planner.kernels
    let split = planner.split(output, workPerElement: count)
    planner.add(nodeName: node.name, inputs: inputs, outputs: [output]) { operands in
      unsafe PartStep("weighted sum \(kernels.instructionSet.name)", images: output.imageCount, split: split) {
        part, arena in
        unsafe weightedSum(kernels, operands[0], operands[1...count], operands[count + 1], part, arena)
      }
    }
  }
}

/// Floats from the start of an image to a row of a block.
private func offset(_ buffer: Buffer, block: Int, row: Int) -> Int {
  (block * buffer.shape[2] + row) * buffer.shape[3] * Layout.lane
}

@unsafe private func weightedSum(
  _ kernels: KernelSet, _ factors: Operand, _ inputs: ArraySlice<Operand>, _ output: Operand, _ part: PartStep.Part,
  _ arena: UnsafeMutableRawPointer
) {
  let count = inputs.count
  let shape = output.buffer.shape
  let isByChannel = factors.buffer.shape.rank == 3
  let image = factors.buffer.shape[0] == 1 ? 0 : part.image
  let factor = unsafe factors.pointer(in: arena) + image * count
  unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: count) { sources in
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: count * Layout.lane) { weights in
      for block in part.groups {
        let start = offset(output.buffer, block: block, row: part.rows.lowerBound)
        for (index, input) in inputs.enumerated() {
          unsafe sources[index] = UnsafePointer(input.pointer(in: arena, image: part.image) + start)
          for lane in 0..<Layout.lane {
            let channel = block * Layout.lane + lane
            let place = isByChannel ? index * shape[1] + channel : index
            unsafe weights[index * Layout.lane + lane] = channel < shape[1] ? factor[place] : 0
          }
        }
        unsafe kernels.functions.pointee.weighted_sum(
          sources.baseAddress, weights.baseAddress, Int32(count),
          output.pointer(in: arena, image: part.image) + start, Int64(part.rows.count * shape[3]))
      }
    }
  }
}
