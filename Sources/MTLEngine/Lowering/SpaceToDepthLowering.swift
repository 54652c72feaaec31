import CMTLKernels
import MTLGraph

/// Neighbouring pixels side by side in channels: each of the four is gathered into its channels. Items are neighbours.
enum SpaceToDepthLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard node.operation is SpaceToDepth, planner.shape(of: node.outputs[0]).elementCount > 0 else { return false }
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    let (channels, pixels) = (input.shape[1], output.pixelCount)
    let isAligned = channels % Layout.lane == 0
    let split = WorkSplit(
      groupCount: 4, rowCount: 1, images: output.imageCount, work: output.imageElementCount,
      threadCount: planner.threadCount)
    let scratchCount = isAligned ? 0 : input.blockCount * Layout.lane * pixels
    let scratch = planner.makeScratch(elementCount: scratchCount * split.itemCount * output.imageCount)
    let places = Bytes(copying: (0..<4).flatMap { neighbours($0, input.shape, output.shape) })
    let zeros = Bytes(copying: [Float](repeating: 0, count: channels))
    planner.add(nodeName: node.name, inputs: [input], outputs: [output, scratch]) { operands in
      unsafe PartStep("space to depth", images: output.imageCount, split: split) { part, arena in
        let source = unsafe operands[0].pointer(in: arena, image: part.image)
        let target = unsafe operands[1].pointer(in: arena, image: part.image)
        for neighbour in part.groups {
          let gathered =
            unsafe isAligned
            ? target + neighbour * channels * pixels : operands[2].pointer(in: arena) + part.item * scratchCount
          unsafe withFloats(places, zeros) { places, zeros in
            let index = unsafe UnsafeRawPointer(places).assumingMemoryBound(to: Int32.self) + neighbour * pixels
            unsafe mtlk_gather(
              source, Int64(input.pixelCount), index, zeros, 0, Int64(channels), Int64(pixels), gathered)
          }
          guard !isAligned else { continue }
          unsafe mtlk_scatter(
            gathered, Int64(pixels), target, Int64(pixels), nil, Int64(neighbour * channels), Int64(channels),
            Int64(4 * channels))
        }
      }
    }
    return true
  }

  /// The pixel that each output pixel takes for this neighbour, -1 beyond the edge.
  private static func neighbours(_ neighbour: Int, _ input: Shape, _ output: Shape) -> [Int32] {
    (0..<output[2] * output[3]).map { pixel in
      let row = pixel / output[3] * 2 + neighbour % 2
      let column = pixel % output[3] * 2 + neighbour / 2
      return row < input[2] && column < input[3] ? Int32(row * input[3] + column) : -1
    }
  }
}
