import CMTLKernels
import MTLGraph

/// Several images of one shape, element by element: sums with factors, and softmax over them.
enum GroupLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard planner.shape(of: node.outputs[0]).rank == 4 else { return false }
    switch node.operation {
    case let sum as WeightedSum: try lowerWeightedSum(node, count: sum.count, in: &planner)
    case is GroupSoftmax: try lowerSoftmax(node, in: &planner)
    default: return false
    }
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

  private static func lowerSoftmax(_ node: Node, in planner: inout Planner) throws(MTLError) {
    var inputs: [Buffer] = []
    for value in node.inputs { inputs.append(try planner.buffer(of: value, as: .blocked)) }
    let outputs = node.outputs.map { planner.makeBuffer(for: $0, .blocked) }
    let kernels = planner.kernels
    let split = planner.split(outputs[0], workPerElement: 8 * inputs.count)
    planner.add(nodeName: node.name, inputs: inputs, outputs: outputs) { operands in
      unsafe PartStep("group softmax \(kernels.instructionSet.name)", images: outputs[0].imageCount, split: split) {
        part, arena in
        unsafe softmax(kernels, operands, part, arena)
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

/// The operands are the inputs, then as many outputs.
@unsafe private func softmax(
  _ kernels: KernelSet, _ operands: [Operand], _ part: PartStep.Part, _ arena: UnsafeMutableRawPointer
) {
  let count = operands.count / 2
  let buffer = operands[0].buffer
  unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: count) { sources in
    unsafe withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>?.self, capacity: count) { targets in
      for block in part.groups {
        let start = offset(buffer, block: block, row: part.rows.lowerBound)
        for index in 0..<count {
          unsafe sources[index] = UnsafePointer(operands[index].pointer(in: arena, image: part.image) + start)
          unsafe targets[index] = operands[count + index].pointer(in: arena, image: part.image) + start
        }
        unsafe kernels.functions.pointee.softmax_groups(
          sources.baseAddress, targets.baseAddress, Int32(count), Int64(part.rows.count * buffer.shape[3]),
          Int32(min(buffer.shape[1] - block * Layout.lane, Layout.lane)))
      }
    }
  }
}
