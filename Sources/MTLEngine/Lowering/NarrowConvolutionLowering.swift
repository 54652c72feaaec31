import CMTLKernels
import MTLGraph

/// Convolutions of bytes with whole weights, also in groups, and of bfloat16: all that the schedule joins in one step.
enum NarrowConvolutionLowering {
  private struct Draft {
    let window: mtlk_window
    let product: NarrowProduct
    let input: Buffer
    let operand: Buffer?
    let output: Buffer
    let work: Int
    /// Of Winograd's way; none for the direct kernel.
    let grids: [mtlk_winograd]

    var way: Way { grids.isEmpty ? .direct : product.hasZerosOutside ? .tilesInZeros : .tiles }
  }

  /// Convolutions of one geometry that go the same way have the same tiles.
  private enum Way: CaseIterable { case tilesInZeros, tiles, direct }

  static func lower(_ members: [Int], _ kind: Epilogue.Kind, in planner: inout Planner) throws(MTLError) {
    var drafts: [Draft] = []
    for member in members {
      guard let epilogue = planner.schedule.epilogues[member] else { continue }
      drafts.append(try draft(planner.graph.nodes[member], epilogue, in: &planner))
    }
    // Tiles depend on what is outside the image, too.
    for way in Way.allCases {
      let chosen = zip(members, drafts).filter { $0.1.way == way }
      add(chosen.map(\.0), chosen.map(\.1), kind, to: &planner)
    }
  }

  /// The step of some members.
  private static func add(_ members: [Int], _ drafts: [Draft], _ kind: Epilogue.Kind, to planner: inout Planner) {
    guard let grids = drafts.first?.grids else { return }
    let nodes = members.map { planner.graph.nodes[$0] }
    let (kernels, threadCount) = (planner.kernels, planner.threadCount)
    let name = (grids.isEmpty ? "" : "winograd ") + ConvolutionLowering.kernelName(nodes, kind, kernels)
    let splits = grids.map { grid in
      WinogradSplit(grid, drafts.map { .init(window: $0.window, input: $0.input) }, .bytes, threadCount: threadCount)
    }
    let items = ConvolutionItems(
      drafts.map { .init(window: $0.window, images: $0.output.imageCount, work: $0.work) },
      groupSize: kernels.blocksComputedTogether(kind.numbers), threadCount: threadCount)
    // Each item has room of its own for its sums.
    let room = drafts.map { $0.product.sumCount($0.window, kernels) }.max() ?? 0
    let sums = planner.makeScratch(
      elementCount: splits.isEmpty ? items.count.saturatingProduct(room) : splits.scratchCount)
    planner.add(
      nodeName: ConvolutionLowering.nodeNames(nodes),
      inputs: drafts.flatMap { [$0.input] + ($0.operand.map { [$0] } ?? []) }, outputs: drafts.map(\.output) + [sums],
      shares: zip(members, drafts).map { (planner.segment(of: $0), $1.work) },
      multiplyAccumulates: nodes.reduce(0) { $0.saturatingSum(planner.multiplyAccumulates($1)) }
    ) { operands in
      var rest = operands[...]
      let ends = drafts.map { draft in (rest.removeFirst(), draft.operand.map { _ in rest.removeFirst() }) }
      let parts = zip(zip(drafts, ends), rest).map { part, output in
        NarrowConvolutionStep.Part(
          window: part.0.window, product: part.0.product, input: part.1.0, operand: part.1.1, output: output)
      }
      let scratch = operands[operands.count - 1]
      guard splits.isEmpty else {
        return WinogradStep(
          kernels: kernels, parts: parts.compactMap { ByteTiles($0, grids) }, splits: splits, scratch: scratch,
          kernelName: name)
      }
      return NarrowConvolutionStep(
        kernels: kernels, parts: parts, items: items, sums: scratch, room: room, numbers: kind.numbers,
        kernelName: name)
    }
  }

  private static func draft(_ node: Node, _ epilogue: Epilogue, in planner: inout Planner) throws(MTLError) -> Draft {
    guard let convolution = node.operation as? Convolution, let weight = planner.constant(node.inputs[1]) else {
      throw MTLError(.internalFault, node.name, "is no convolution of the direct kernel")
    }
    let (input, seen) = planner.dense(
      try planner.narrow(node.inputs[0]), convolution.window(weight: weight.shape),
      output: planner.shape(of: epilogue.result), of: node.name)
    var operand: Buffer?
    if let value = epilogue.operand {
      // Kernels know operands of their own numbers, and floats.
      let layout = planner.narrowLayouts[value].flatMap { $0.numbers == epilogue.kind.numbers ? $0 : nil }
      operand = try planner.buffer(of: value, as: layout ?? .blocked)
    }
    let output = planner.makeBuffer(for: epilogue.result, epilogue.layout ?? .blocked)
    guard operand?.layout.lane != Int(MTLK_PIXEL_LANE), output.layout.lane != Int(MTLK_PIXEL_LANE) else {
      throw MTLError(.internalFault, node.name, "bytes would be written as pixels of a picture")
    }
    let taps = LiveTaps(seen, input: input.shape, output: output.shape)
    var window = try kernelWindow(taps.window, input: input, output: output, of: node.name)
    // Outputs are computed in blocks of 16, also where they lie in larger ones.
    window.output_blocks = (window.output_channels + Int32(MTLK_LANE) - 1) / Int32(MTLK_LANE)
    // Whichever narrow numbers: a power of two.
    ConvolutionLowering.flatten(&window, tile: 8)
    epilogue.describe(in: &window)
    let work = convolution.multiplyAccumulates(inputs: [input.shape, weight.shape], outputs: [output.shape])
    let product = try NarrowProduct(
      node, weight, taps, channels: input.shape[1], input: input.layout, operand: operand?.layout,
      output: output.layout, in: planner)
    product.describe(in: &window)
    return Draft(
      window: window, product: product, input: input, operand: operand, output: output,
      work: work / max(output.imageCount, 1), grids: grids(window, product, input, planner.kernels))
  }

  /// Bytes go Winograd's way where the kernels are quicker so.
  private static func grids(
    _ window: mtlk_window, _ product: NarrowProduct, _ input: Buffer, _ kernels: KernelSet
  ) -> [mtlk_winograd] {
    guard case .bytes(_, let packed) = product else { return [] }
    return WinogradGrid.byteGrids(
      window, packed.slices, imageBlocks: input.blockCount, hasZerosOutside: product.hasZerosOutside,
      tileCost: unsafe kernels.functions.pointee.tile_cost)
  }
}

extension KernelSet {
  /// Output blocks that the kernel of convolutions of such numbers computes together: split work along them.
  ///
  /// - Parameter inTiles: Winograd's way.
  func blocksComputedTogether(_ numbers: NumberFormat, inTiles: Bool = false) -> Int {
    switch numbers {
    case .floats: unsafe Int(functions.pointee.convolution_blocks)
    case .bytes: inTiles ? 1 : unsafe Int(functions.pointee.byte_blocks)
    case .halves: unsafe Int(functions.pointee.half_blocks)
    }
  }
}
