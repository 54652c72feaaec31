import CMTLKernels
import MTLGraph

/// What rounds values to bfloat16, copies such numbers and makes them floats again.
enum HalfLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard node.operation is RoundToBFloat16, planner.narrowLayouts[node.outputs[0]] == .halves else { return false }
    if planner.narrowLayouts[node.inputs[0]] == .halves {
      let source = try planner.narrow(node.inputs[0])
      planner.makeView(of: node.outputs[0], .halves, partOf: source, imageStride: source.imageStride)
      return true
    }
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    round(node.name, from: input, to: planner.makeBuffer(for: node.outputs[0], .halves), in: &planner)
    return true
  }

  static func round(_ name: String, from source: Buffer, to target: Buffer, in planner: inout Planner) {
    let kernels = planner.kernels
    let split = planner.splitPixels(source, workPerElement: 1)
    let (pixels, blocks) = (Int64(source.pixelCount), Int32(source.blockCount))
    planner.add(nodeName: name, inputs: [source], outputs: [target]) { operands in
      unsafe PartStep("round to bf16 \(kernels.instructionSet.name)", images: source.imageCount, split: split) {
        part, arena in
        unsafe kernels.functions.pointee.to_halves(
          operands[0].pointer(in: arena, image: part.image), operands[1].halves(in: arena, image: part.image), pixels,
          blocks, 0, blocks, Int64(part.rows.lowerBound), Int64(part.rows.upperBound))
      }
    }
  }

  static func widen(_ name: String, from source: Buffer, to target: Buffer, in planner: inout Planner) {
    let kernels = planner.kernels
    let split = planner.splitPixels(target, workPerElement: 1)
    let (pixels, blocks) = (Int64(target.pixelCount), Int32(target.blockCount))
    planner.add(nodeName: name, inputs: [source], outputs: [target]) { operands in
      unsafe PartStep("bf16 to floats \(kernels.instructionSet.name)", images: source.imageCount, split: split) {
        part, arena in
        unsafe kernels.functions.pointee.from_halves(
          operands[0].halves(in: arena, image: part.image), operands[1].pointer(in: arena, image: part.image), pixels,
          blocks, Int64(part.rows.lowerBound), Int64(part.rows.upperBound))
      }
    }
  }

  /// Copies numbers into the channels of a larger value from one on.
  static func copy(
    _ name: String, from source: Buffer, to target: Buffer, firstChannel: Int, in planner: inout Planner
  ) {
    let kernels = planner.kernels
    let split = planner.splitPixels(source, workPerElement: 1)
    let blocks = [source, target].map { Int32(($0.shape[1] + Layout.lane - 1) / Layout.lane) }
    let pixels = Int64(source.pixelCount)
    planner.add(nodeName: name, inputs: [source], outputs: [target]) { operands in
      unsafe PartStep("copy of bf16 \(kernels.instructionSet.name)", images: source.imageCount, split: split) {
        part, arena in
        unsafe kernels.functions.pointee.copy_halves(
          operands[0].halves(in: arena, image: part.image), operands[1].halves(in: arena, image: part.image), pixels,
          blocks[0], Int32(firstChannel / Layout.lane), blocks[1], Int64(part.rows.lowerBound),
          Int64(part.rows.upperBound))
      }
    }
  }
}
