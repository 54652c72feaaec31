import CMTLKernels
import MTLGraph

/// What brings values onto a grid of bytes, and sums and products of bytes.
enum ByteLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    switch node.operation {
    case is FakeQuantize:
      guard let layout = planner.narrowLayouts[node.outputs[0]], let grid = layout.grid else {
        return try roundToGrid(node, in: &planner)
      }
      if planner.grid(of: node.inputs[0]) == grid {
        let source = try planner.buffer(of: node.inputs[0], as: layout)
        planner.makeView(of: node.outputs[0], layout, partOf: source, imageStride: source.imageStride)
        return true
      }
      if let other = planner.grid(of: node.inputs[0]), layout.lane == Int(MTLK_BYTE_LANE) {
        let source = try planner.narrow(node.inputs[0])
        let target = planner.makeBuffer(for: node.outputs[0], layout)
        let change = mtlk_byte_change(
          scale: other.scale, zero_point: Int32(other.zeroPoint), output_inverse_scale: grid.inverseScale,
          output_zero_point: Int32(grid.zeroPoint))
        copy(node.name, from: source, to: target, change: change, in: &planner)
        return true
      }
      // The network's input lies in blocks of its own, which pixels are made of as they are.
      let home = planner.anyBuffer(of: node.inputs[0])
      let isPixels = layout.lane == Int(MTLK_PIXEL_LANE) && home?.layout.isBlocked == true
      let input = if isPixels, let home { home } else { try planner.buffer(of: node.inputs[0], as: .blocked) }
      let output = planner.makeBuffer(for: node.outputs[0], layout)
      quantize(node.name, from: input, to: output, grid, in: &planner)
    case is Add, is Sub, is Mul: return try lowerCombination(node, in: &planner)
    default: return false
    }
    return true
  }

  /// A rounded value that stays floats; any layout.
  private static func roundToGrid(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let grid = (node.operation as? FakeQuantize)?.grid else { return false }
    let source = planner.anyBuffer(of: node.inputs[0])
    let input = if let source { source } else { try planner.buffer(of: node.inputs[0], as: .planar) }
    let output = planner.makeBuffer(for: node.outputs[0], input.layout)
    let kernels = planner.kernels
    let split = WorkSplit(
      groupCount: input.imageElementCount, rowCount: 1, images: input.imageCount, work: input.imageElementCount,
      threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep("round to int8 \(kernels.instructionSet.name)", images: input.imageCount, split: split) {
        part, arena in
        let first = part.groups.lowerBound
        unsafe kernels.functions.pointee.round_to_grid(
          operands[0].pointer(in: arena, image: part.image) + first,
          operands[1].pointer(in: arena, image: part.image) + first, Int64(part.groups.count), grid.scale,
          grid.inverseScale, Int32(grid.zeroPoint))
      }
    }
    return true
  }

  /// Sums, differences and products of images of bytes whose only reader wants bytes.
  private static func lowerCombination(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.outputs[0])
    guard let left = planner.grid(of: node.inputs[0]), let right = planner.grid(of: node.inputs[1]),
      node.inputs.allSatisfy({ planner.shape(of: $0) == shape }),
      let end = planner.fuseToBytes(after: node), let grid = end.layout.grid
    else { return false }
    let inputs = [try planner.narrow(node.inputs[0]), try planner.narrow(node.inputs[1])]
    let output = planner.makeBuffer(for: end.result, end.layout)
    let operation = node.operation is Add ? MTLK_ADD : node.operation is Sub ? MTLK_SUBTRACT : MTLK_MULTIPLY
    let pair = mtlk_byte_pair(
      scales: (left.scale, right.scale), zero_points: (Int32(left.zeroPoint), Int32(right.zeroPoint)),
      output_inverse_scale: grid.inverseScale, output_zero_point: Int32(grid.zeroPoint))
    let kernels = planner.kernels
    let name = "\(node.operation.name.lowercasedASCII) int8 \(kernels.instructionSet.name)\(end.activation.suffix)"
    let split = planner.split(output, workPerElement: 1)
    let rowBytes = output.shape[3] * output.layout.lane
    planner.add(nodeName: node.name, inputs: inputs, outputs: [output]) { operands in
      unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        unsafe withUnsafePointer(to: pair) { pair in
          for block in part.groups {
            let start = (block * output.shape[2] + part.rows.lowerBound) * rowBytes
            unsafe kernels.functions.pointee.combine_bytes(
              Int32(operation), pair, operands[0].bytes(in: arena, image: part.image) + start,
              operands[1].bytes(in: arena, image: part.image) + start,
              operands[2].bytes(in: arena, image: part.image) + start, Int64(part.rows.count * rowBytes),
              end.activation.code, end.activation.slope)
          }
        }
      }
    }
    return true
  }

  static func quantize(
    _ name: String, from source: Buffer, to target: Buffer, _ grid: ByteGrid, in planner: inout Planner
  ) {
    let kernels = planner.kernels
    let split = planner.splitPixels(source, workPerElement: 1)
    let (pixels, blocks) = (Int64(source.pixelCount), Int32(source.blockCount))
    let (step, channels) = (source.layout.lane, source.shape[1])
    guard target.layout.lane == Int(MTLK_BYTE_LANE) else {
      return planner.add(nodeName: name, inputs: [source], outputs: [target]) { operands in
        unsafe PartStep("quantize \(kernels.instructionSet.name)", images: source.imageCount, split: split) {
          part, arena in
          unsafe kernels.functions.pointee.quantize_pixels(
            operands[0].pointer(in: arena, image: part.image) + part.rows.lowerBound * step, Int64(step),
            Int32(channels),
            operands[1].bytes(in: arena, image: part.image) + part.rows.lowerBound * Int(MTLK_PIXEL_LANE),
            Int64(part.rows.count), grid.inverseScale, Int32(grid.zeroPoint))
        }
      }
    }
    planner.add(nodeName: name, inputs: [source], outputs: [target]) { operands in
      unsafe PartStep("quantize \(kernels.instructionSet.name)", images: source.imageCount, split: split) {
        part, arena in
        unsafe kernels.functions.pointee.quantize(
          operands[0].pointer(in: arena, image: part.image), operands[1].bytes(in: arena, image: part.image), pixels,
          blocks, Int64(part.rows.lowerBound), Int64(part.rows.upperBound), grid.inverseScale, Int32(grid.zeroPoint))
      }
    }
  }

  /// Copies bytes into the channels of a larger value from one on, or changes their grid.
  static func copy(
    _ name: String, from source: Buffer, to target: Buffer, firstChannel: Int = 0, change: mtlk_byte_change? = nil,
    in planner: inout Planner
  ) {
    let kernels = planner.kernels
    let split = planner.splitPixels(source, workPerElement: 1)
    let (pixels, blocks) = (Int64(source.pixelCount), Int32((source.shape[1] + Layout.lane - 1) / Layout.lane))
    let kernelName = "\(change == nil ? "copy of bytes" : "requantize") \(kernels.instructionSet.name)"
    planner.add(nodeName: name, inputs: [source], outputs: [target]) { operands in
      unsafe PartStep(kernelName, images: source.imageCount, split: split) { part, arena in
        func run(_ change: UnsafePointer<mtlk_byte_change>?) {
          unsafe kernels.functions.pointee.requantize(
            operands[0].bytes(in: arena, image: part.image), operands[1].bytes(in: arena, image: part.image), pixels,
            blocks, Int32(firstChannel / Layout.lane), Int64(part.rows.lowerBound), Int64(part.rows.upperBound), change)
        }
        guard let change else { return run(nil) }
        unsafe withUnsafePointer(to: change) { change in unsafe run(change) }
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
}
