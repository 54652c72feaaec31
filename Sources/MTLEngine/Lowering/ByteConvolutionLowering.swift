import CMTLKernels
import MTLGraph

/// Convolutions of bytes with whole weights: all that the schedule joins in one step.
enum ByteConvolutionLowering {
  private struct Draft {
    let window: mtlk_window
    let grids: mtlk_grids
    let weights: PackedByteConvolution
    let input: Buffer
    let operand: Buffer?
    let output: Buffer
    let work: Int
  }

  static func lower(_ members: [Int], in planner: inout Planner) throws(MTLError) {
    var drafts: [Draft] = []
    for member in members {
      guard let epilogue = planner.schedule.epilogues[member] else { continue }
      drafts.append(try draft(planner.graph.nodes[member], epilogue, in: &planner))
    }
    guard let first = members.first, let kind = planner.schedule.epilogues[first]?.kind else { return }
    let nodes = members.map { planner.graph.nodes[$0] }
    let kernels = planner.kernels
    let name = ConvolutionLowering.kernelName(nodes, kind, kernels)
    let items = ConvolutionItems(
      drafts.map { .init(window: $0.window, images: $0.output.imageCount, work: $0.work) },
      groupSize: unsafe Int(kernels.functions.pointee.byte_blocks), threadCount: planner.threadCount)
    // Each item has room of its own for its sums.
    let room = drafts.map { draft in
      unsafe withUnsafePointer(to: draft.window) { window in
        unsafe Int(kernels.functions.pointee.sum_count(window, draft.grids.input_channels))
      }
    }
    let sums = planner.makeScratch(elementCount: items.count.saturatingProduct(room.max() ?? 0))
    planner.add(
      nodeName: ConvolutionLowering.nodeNames(nodes),
      inputs: drafts.flatMap { [$0.input] + ($0.operand.map { [$0] } ?? []) }, outputs: drafts.map(\.output) + [sums],
      shares: zip(members, drafts).map { (planner.segment(of: $0), $1.work) },
      multiplyAccumulates: nodes.reduce(0) { $0.saturatingSum(planner.multiplyAccumulates($1)) }
    ) { operands in
      var rest = operands[...]
      let ends = drafts.map { draft in (rest.removeFirst(), draft.operand.map { _ in rest.removeFirst() }) }
      let parts = zip(zip(drafts, ends), rest).map { part, output in
        ByteConvolutionStep.Part(
          window: part.0.window, grids: part.0.grids, weights: part.0.weights, input: part.1.0, operand: part.1.1,
          output: output)
      }
      return ByteConvolutionStep(
        kernels: kernels, parts: parts, items: items, sums: operands[operands.count - 1], room: room.max() ?? 0,
        kernelName: name)
    }
  }

  private static func draft(_ node: Node, _ epilogue: Epilogue, in planner: inout Planner) throws(MTLError) -> Draft {
    guard let convolution = node.operation as? Convolution, let weight = planner.constant(node.inputs[1]),
      let grid = planner.byteGrids[node.inputs[0]]
    else {
      throw MTLError(.internalFault, node.name, "is no convolution of bytes")
    }
    let input = try planner.bytes(of: node.inputs[0])
    var operand: Buffer?
    if let value = epilogue.operand {
      operand = try planner.buffer(of: value, as: planner.byteLayout(of: value) ?? .blocked)
    }
    let output = planner.makeBuffer(
      for: epilogue.result,
      epilogue.grid.map { ByteGrids.layout($0, planner.shape(of: epilogue.result)) } ?? .blocked)
    guard operand?.layout.lane != Int(MTLK_PIXEL_LANE), output.layout.lane != Int(MTLK_PIXEL_LANE) else {
      throw MTLError(.internalFault, node.name, "bytes would be written as pixels of a picture")
    }
    let taps = LiveTaps(convolution.window(weight: weight.shape), input: input.shape, output: output.shape)
    var window = try kernelWindow(taps.window, input: input, output: output, of: node.name)
    // Outputs are computed in blocks of 16, also where they lie in blocks of 64.
    window.output_blocks = (window.output_channels + Int32(MTLK_LANE) - 1) / Int32(MTLK_LANE)
    ConvolutionLowering.flatten(&window)
    epilogue.describe(in: &window)
    var grids = mtlk_grids()
    (grids.input_channels, grids.input_zero_point) = (Int32(input.shape[1]), Int32(grid.zeroPoint))
    if case .bytes(let grid, _)? = operand?.layout {
      (grids.operand_scale, grids.operand_zero_point) = (grid.scale, Int32(grid.zeroPoint))
    }
    if let grid = epilogue.grid {
      (grids.output_inverse_scale, grids.output_zero_point) = (grid.inverseScale, Int32(grid.zeroPoint))
    }
    let work = convolution.multiplyAccumulates(inputs: [input.shape, weight.shape], outputs: [output.shape])
    return Draft(
      window: window, grids: grids,
      weights: try PackedByteConvolution(node, weight, taps, input.layout, grid, in: planner),
      input: input, operand: operand, output: output, work: work / max(output.imageCount, 1))
  }
}
