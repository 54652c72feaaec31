import CMTLKernels
import MTLGraph

/// Transposed convolutions of values that lie in bytes, with whole weights: by phases, as those of floats are.
enum ConvolutionTransposeByteLowering: Lowering {
  /// Strides beyond that, which enlarge maps of a few classes, run on floats: each phase has weights, and a bias, of its own.
  private static let phaseLimit = 256

  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let operation = node.operation as? ConvolutionTranspose, node.inputs.count == 4,
      node.inputs.dropFirst().allSatisfy({ planner.constant($0) != nil }),
      let weight = planner.constant(node.inputs[1]), weight.type == .int8,
      let rows = WeightRows(operation, weight.shape), rows.width <= ByteGrid.largestProductCount,
      let source = planner.narrowLayouts[node.inputs[0]], let grid = source.grid, source.lane == Int(MTLK_BYTE_LANE),
      (1...phaseLimit).contains(phaseCount(operation, planner.shape(of: node.outputs[0])))
    else { return false }
    let input = try planner.narrow(node.inputs[0])
    let (activation, layout, result) = planner.fuseEndOfSums(after: node)
    let output = planner.makeBuffer(for: result, layout)
    let grids = mtlk_grids(input: input, grid, output: output)
    let phases = try TransposedBytePhases(
      node, operation, weight, input, output, activation, grids, grid, in: planner)
    let split = WorkSplit(
      groupCount: phases.unitCount, rowCount: 1, images: output.imageCount,
      work: operation.multiplyAccumulates(inputs: [input.shape, weight.shape], outputs: [])
        / max(output.imageCount, 1), threadCount: planner.threadCount)
    // Each item has room of its own.
    let (pieceCount, sumCount) = (phases.pieceCount, phases.sumCount)
    let itemCount = split.itemCount.saturatingProduct(output.imageCount)
    let memory = planner.makeScratch(elementCount: itemCount.saturatingProduct(pieceCount.saturatingSum(sumCount)))
    let name =
      "transposed int8 convolution \(planner.kernels.instructionSet.name)\(activation.suffix)"
      + (layout.numbers == .bytes ? " to bytes" : "")
    planner.add(nodeName: node.name, inputs: [input], outputs: [output, memory]) { operands in
      unsafe PartStep(name, numbers: .bytes, images: output.imageCount, split: split) { part, arena in
        let piece = unsafe operands[2].pointer(in: arena) + part.item * (pieceCount + sumCount)
        for unit in part.groups {
          unsafe phases.run(
            unit, operands[0].pointer(in: arena, image: part.image), operands[1].pointer(in: arena, image: part.image),
            piece: piece, sums: piece + pieceCount)
        }
      }
    }
    return true
  }

  /// None of an empty output.
  private static func phaseCount(_ operation: ConvolutionTranspose, _ output: Shape) -> Int {
    guard output.elementCount > 0 else { return 0 }
    return min(operation.stride.rows, output[2]) * min(operation.stride.columns, output[3])
  }
}
