import CMTLKernels
import MTLGraph

/// Poolings of values that lie in bytes or bfloat16: largest elements, which stay such numbers, and means, which become floats.
enum NarrowPoolLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    switch node.operation {
    case let pool as MaxPool:
      guard let layout = planner.narrowLayouts[node.outputs[0]] else { return false }
      try lower(node, pool, layout, in: &planner)
    case is GlobalAveragePool:
      guard let layout = planner.narrowLayouts[node.inputs[0]] else { return false }
      try lowerGlobalAverage(node, layout, in: &planner)
    default: return false
    }
    return true
  }

  private static func lower(
    _ node: Node, _ pool: MaxPool, _ layout: Layout, in planner: inout Planner
  ) throws(MTLError) {
    let input = try planner.narrow(node.inputs[0])
    let output = planner.makeBuffer(for: node.outputs[0], layout)
    let window = try kernelWindow(pool.window, input: input, output: output, of: node.name)
    let kernels = planner.kernels
    let taps = pool.window.kernel.rows.saturatingProduct(pool.window.kernel.columns)
    let split = planner.split(output, workPerElement: taps)
    let name = "max pool \(layout.numbers.prefix)\(kernels.instructionSet.name)"
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        let (blocks, rows) = (part.groups, part.rows)
        unsafe withUnsafePointer(to: window) { window in
          if layout == .halves {
            unsafe kernels.functions.pointee.max_pool_halves(
              window, operands[0].halves(in: arena, image: part.image),
              operands[1].halves(in: arena, image: part.image), Int32(blocks.lowerBound), Int32(blocks.upperBound),
              Int32(rows.lowerBound), Int32(rows.upperBound))
          } else {
            unsafe kernels.functions.pointee.max_pool_bytes(
              window, operands[0].bytes(in: arena, image: part.image), operands[1].bytes(in: arena, image: part.image),
              Int32(blocks.lowerBound), Int32(blocks.upperBound), Int32(rows.lowerBound), Int32(rows.upperBound))
          }
        }
      }
    }
  }

  private static func lowerGlobalAverage(
    _ node: Node, _ layout: Layout, in planner: inout Planner
  ) throws(MTLError) {
    let input = try planner.narrow(node.inputs[0])
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    let kernels = planner.kernels
    let split = planner.split(input, workPerElement: 1, splitsRows: false)
    let (pixels, blocks) = (Int64(input.pixelCount), Int32(output.blockCount))
    let name = "global average \(layout.numbers.prefix)\(kernels.instructionSet.name)"
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(name, images: input.imageCount, split: split) { part, arena in
        let (begin, end) = (Int32(part.groups.lowerBound), Int32(part.groups.upperBound))
        let means = unsafe operands[1].pointer(in: arena, image: part.image)
        if let grid = layout.grid {
          unsafe kernels.functions.pointee.global_average_bytes(
            operands[0].bytes(in: arena, image: part.image), means, pixels, begin, end, blocks, grid.scale,
            Int32(grid.zeroPoint))
        } else {
          unsafe kernels.functions.pointee.global_average_halves(
            operands[0].halves(in: arena, image: part.image), means, pixels, begin, end, blocks)
        }
      }
    }
  }
}
