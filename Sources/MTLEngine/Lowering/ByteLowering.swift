import CMTLKernels
import MTLGraph

/// What brings values onto a grid of bytes, and what works on bytes but for convolutions.
enum ByteLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    switch node.operation {
    case is FakeQuantize:
      guard let grid = planner.byteGrids[node.outputs[0]] else { return false }
      let input = try planner.buffer(of: node.inputs[0], as: .blocked)
      let output = planner.makeBuffer(for: node.outputs[0], .bytes(grid))
      quantize(node.name, from: input, to: output, grid, in: &planner)
    case let pool as MaxPool:
      guard let grid = planner.byteGrids[node.outputs[0]] else { return false }
      try lower(node, pool, grid, in: &planner)
    case is GlobalAveragePool:
      guard let grid = planner.byteGrids[node.inputs[0]] else { return false }
      try lowerGlobalAverage(node, grid, in: &planner)
    default: return false
    }
    return true
  }

  static func quantize(
    _ name: String, from source: Buffer, to target: Buffer, _ grid: ByteGrid, in planner: inout Planner
  ) {
    let kernels = planner.kernels
    let split = planner.splitPixels(source, workPerElement: 1)
    let (pixels, blocks) = (Int64(source.pixelCount), Int32(source.blockCount))
    planner.add(nodeName: name, inputs: [source], outputs: [target]) { operands in
      unsafe PartStep("quantize \(kernels.instructionSet.name)", images: source.imageCount, split: split) {
        part, arena in
        unsafe kernels.functions.pointee.quantize(
          operands[0].pointer(in: arena, image: part.image), operands[1].bytes(in: arena, image: part.image), pixels,
          blocks, Int64(part.rows.lowerBound), Int64(part.rows.upperBound), grid.inverseScale, Int32(grid.zeroPoint))
      }
    }
  }

  static func dequantize(
    _ name: String, from source: Buffer, _ grid: ByteGrid, to target: Buffer, in planner: inout Planner
  ) {
    let kernels = planner.kernels
    let split = planner.splitPixels(target, workPerElement: 1)
    let (pixels, blocks) = (Int64(target.pixelCount), Int32(target.blockCount))
    planner.add(nodeName: name, inputs: [source], outputs: [target]) { operands in
      unsafe PartStep("dequantize \(kernels.instructionSet.name)", images: source.imageCount, split: split) {
        part, arena in
        unsafe kernels.functions.pointee.dequantize(
          operands[0].bytes(in: arena, image: part.image), operands[1].pointer(in: arena, image: part.image), pixels,
          blocks, Int64(part.rows.lowerBound), Int64(part.rows.upperBound), grid.scale, Int32(grid.zeroPoint))
      }
    }
  }

  private static func lower(
    _ node: Node, _ pool: MaxPool, _ grid: ByteGrid, in planner: inout Planner
  ) throws(MTLError) {
    let input = try planner.buffer(of: node.inputs[0], as: .bytes(grid))
    let output = planner.makeBuffer(for: node.outputs[0], .bytes(grid))
    let window = try kernelWindow(pool.window, input: input, output: output, of: node.name)
    let kernels = planner.kernels
    let taps = pool.window.kernel.rows.saturatingProduct(pool.window.kernel.columns)
    let split = planner.split(output, workPerElement: taps)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep("max pool int8 \(kernels.instructionSet.name)", images: output.imageCount, split: split) {
        part, arena in
        unsafe withUnsafePointer(to: window) { window in
          unsafe kernels.functions.pointee.max_pool_bytes(
            window, operands[0].bytes(in: arena, image: part.image), operands[1].bytes(in: arena, image: part.image),
            Int32(part.groups.lowerBound), Int32(part.groups.upperBound), Int32(part.rows.lowerBound),
            Int32(part.rows.upperBound))
        }
      }
    }
  }

  private static func lowerGlobalAverage(
    _ node: Node, _ grid: ByteGrid, in planner: inout Planner
  ) throws(MTLError) {
    let input = try planner.buffer(of: node.inputs[0], as: .bytes(grid))
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    let kernels = planner.kernels
    let split = planner.split(input, workPerElement: 1, splitsRows: false)
    let (pixels, blocks) = (Int64(input.pixelCount), Int32(output.blockCount))
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep("global average int8 \(kernels.instructionSet.name)", images: input.imageCount, split: split) {
        part, arena in
        unsafe kernels.functions.pointee.global_average_bytes(
          operands[0].bytes(in: arena, image: part.image), operands[1].pointer(in: arena, image: part.image), pixels,
          Int32(part.groups.lowerBound), Int32(part.groups.upperBound), blocks, grid.scale, Int32(grid.zeroPoint))
      }
    }
  }
}
