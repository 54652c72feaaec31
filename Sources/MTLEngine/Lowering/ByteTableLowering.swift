import CMTLKernels
import MTLGraph

/// Functions of bytes: a look-up from bytes to bytes, or, where values are kept as floats, from floats to floats.
enum ByteTableLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let table = node.operation as? ByteTable else { return false }
    if planner.grid(of: node.inputs[0]) == table.input,
      let end = planner.fuseToBytes(after: node), end.layout.grid == table.output
    {
      let input = try planner.narrow(node.inputs[0])
      let output = planner.makeBuffer(for: end.result, end.layout)
      lookUp(node.name, table.codes, from: input, to: output, in: &planner)
      return true
    }
    let source = planner.anyBuffer(of: node.inputs[0])
    let input = if let source { source } else { try planner.buffer(of: node.inputs[0], as: .planar) }
    lookUp(node.name, table, from: input, to: planner.makeBuffer(for: node.outputs[0], input.layout), in: &planner)
    return true
  }

  private static func lookUp(
    _ name: String, _ codes: [UInt8], from input: Buffer, to output: Buffer, in planner: inout Planner
  ) {
    let kernels = planner.kernels
    let split = planner.split(output, workPerElement: 1)
    let rowBytes = output.shape[3] * output.layout.lane
    planner.add(nodeName: name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep("look up int8 \(kernels.instructionSet.name)", images: output.imageCount, split: split) {
        part, arena in
        for block in part.groups {
          let start = (block * output.shape[2] + part.rows.lowerBound) * rowBytes
          unsafe kernels.functions.pointee.look_up(
            operands[0].bytes(in: arena, image: part.image) + start,
            operands[1].bytes(in: arena, image: part.image) + start, Int64(part.rows.count * rowBytes), codes)
        }
      }
    }
  }

  private static func lookUp(
    _ name: String, _ table: ByteTable, from input: Buffer, to output: Buffer, in planner: inout Planner
  ) {
    let values = table.codes.map { table.output.value(of: $0) }
    let grid = table.input
    let split = WorkSplit(
      groupCount: input.imageElementCount, rowCount: 1, images: input.imageCount, work: input.imageElementCount,
      threadCount: planner.threadCount)
    planner.add(nodeName: name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep("look up", images: input.imageCount, split: split) { part, arena in
        let first = part.groups.lowerBound
        unsafe mtlk_look_up_floats(
          operands[0].pointer(in: arena, image: part.image) + first,
          operands[1].pointer(in: arena, image: part.image) + first, Int64(part.groups.count), grid.inverseScale,
          Int32(grid.zeroPoint), values)
      }
    }
  }
}
