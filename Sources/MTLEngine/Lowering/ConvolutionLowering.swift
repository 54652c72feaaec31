import CMTLKernels
import MTLGraph

/// Convolutions with constant weights, by the direct kernel or Winograd's way: all that the schedule joins in one step. Those
/// of floats are in one group; narrow ones are handed on.
enum ConvolutionLowering {
  /// Whether the direct kernel takes a node. It needs at least one input channel: it writes the bias with the first one.
  static func isDirect(_ node: Node, _ shapes: ValueMap<Shape>, isConstant: (ValueID) -> Bool) -> Bool {
    guard let convolution = node.operation as? Convolution, convolution.groups == 1, !isConstant(node.inputs[0]) else {
      return false
    }
    return node.inputs.dropFirst().allSatisfy(isConstant) && (shapes[node.inputs[1]]?[1] ?? 0) > 0
  }

  /// One convolution of a step before its memory is known.
  private struct Draft {
    let window: mtlk_window
    let weights: PackedConvolution
    let input: Buffer
    let operand: Buffer?
    let output: Buffer
    let work: Int
    /// Of Winograd's way; none for the direct kernel.
    let grids: [mtlk_winograd]
  }

  static func lower(_ members: [Int], in planner: inout Planner) throws(MTLError) {
    if let first = members.first, let kind = planner.schedule.epilogues[first]?.kind, kind.numbers != .floats {
      return try NarrowConvolutionLowering.lower(members, kind, in: &planner)
    }
    var drafts: [Draft] = []
    for member in members {
      guard let epilogue = planner.schedule.epilogues[member] else { continue }
      drafts.append(try draft(planner.graph.nodes[member], epilogue, in: &planner))
    }
    // One layer's siblings may have too few outputs for Winograd's way.
    for isWinograd in [true, false] {
      let chosen = zip(members, drafts).filter { $0.1.grids.isEmpty != isWinograd }
      add(chosen.map(\.0), chosen.map(\.1), to: &planner)
    }
  }

  /// The step of some members.
  private static func add(_ members: [Int], _ drafts: [Draft], to planner: inout Planner) {
    guard let first = members.first, let kind = planner.schedule.epilogues[first]?.kind else { return }
    let nodes = members.map { planner.graph.nodes[$0] }
    let (kernels, threadCount) = (planner.kernels, planner.threadCount)
    let grids = drafts[0].grids
    let name = (grids.isEmpty ? "" : "winograd ") + kernelName(nodes, kind, kernels)
    let inputs = drafts.flatMap { [$0.input] + ($0.operand.map { [$0] } ?? []) }
    var outputs = drafts.map(\.output)
    let splits = grids.map { grid in
      WinogradSplit(grid, drafts.map { .init(window: $0.window, input: $0.input) }, .floats, threadCount: threadCount)
    }
    if !splits.isEmpty { outputs.append(planner.makeScratch(elementCount: splits.scratchCount)) }
    planner.add(
      nodeName: nodeNames(nodes), inputs: inputs, outputs: outputs,
      shares: zip(members, drafts).map { (planner.segment(of: $0), $1.work) },
      multiplyAccumulates: nodes.reduce(0) { $0.saturatingSum(planner.multiplyAccumulates($1)) }
    ) { operands in
      var rest = operands[...]
      let ends = drafts.map { draft in (rest.removeFirst(), draft.operand.map { _ in rest.removeFirst() }) }
      let parts = zip(zip(drafts, ends), rest).map { part, output in
        ConvolutionStep.Part(
          window: part.0.window, weights: part.0.weights, input: part.1.0, operand: part.1.1, output: output,
          work: part.0.work)
      }
      guard !splits.isEmpty else {
        return ConvolutionStep(kernels: kernels, parts: parts, threadCount: threadCount, kernelName: name)
      }
      return WinogradStep(
        kernels: kernels, parts: parts, splits: splits, scratch: operands[operands.count - 1], kernelName: name)
    }
  }

  private static func draft(
    _ node: Node, _ epilogue: Epilogue, in planner: inout Planner
  ) throws(MTLError) -> Draft {
    guard let convolution = node.operation as? Convolution, let weight = planner.constant(node.inputs[1]) else {
      throw MTLError(.internalFault, node.name, "is no convolution of the direct kernel")
    }
    let (input, seen) = planner.dense(
      try inputBuffer(node, in: &planner), convolution.window(weight: weight.shape),
      output: planner.shape(of: epilogue.result), of: node.name)
    var operand: Buffer?
    if let value = epilogue.operand { operand = try planner.buffer(of: value, as: .blocked) }
    let output = planner.makeBuffer(for: epilogue.result, .blocked)
    let taps = LiveTaps(seen, input: input.shape, output: output.shape)
    var window = try kernelWindow(taps.window, input: input, output: output, of: node.name)
    flatten(&window, tile: unsafe Int(planner.kernels.functions.pointee.convolution_pixels))
    epilogue.describe(in: &window)
    let work = convolution.multiplyAccumulates(inputs: [input.shape, weight.shape], outputs: [output.shape])
    let weights = try PackedConvolution(node, weight, taps, lane: input.layout.lane, in: planner)
    return Draft(
      window: window, weights: weights, input: input, operand: operand, output: output,
      work: work / max(output.imageCount, 1),
      grids: WinogradGrid.grids(window, isExact: planner.comparesValues))
  }

  /// The input in blocks: as it already lies if that is some blocked layout (the network's input of few channels).
  private static func inputBuffer(_ node: Node, in planner: inout Planner) throws(MTLError) -> Buffer {
    if let home = planner.anyBuffer(of: node.inputs[0]), case .blocked = home.layout { return home }
    return try planner.buffer(of: node.inputs[0], as: .blocked)
  }

  /// A convolution of single pixels does not see rows: they are cut anew so that tiles fill them. Rows remain for the
  /// threads to share.
  ///
  /// - Parameter tile: pixels that the kernel computes together.
  static func flatten(_ window: inout mtlk_window, tile: Int) {
    let ones = [window.kernel_rows, window.kernel_columns, window.stride_rows, window.stride_columns]
    let zeros = [window.padding_top, window.padding_left, window.padding_bottom, window.padding_right]
    let isPointwise = ones.allSatisfy { $0 == 1 } && zeros.allSatisfy { $0 == 0 }
    let shortestRow = 64
    let pixels = Int(window.output_rows) * Int(window.output_columns)
    guard isPointwise, Int(window.output_columns) % tile != 0, pixels <= Window.maximumSide else { return }
    var rows = 1
    for count in 1...max(pixels / shortestRow, 1) where pixels % count == 0 {
      let length = pixels / count
      // What does not fill tiles is less than a thirtieth of a row.
      if (length + tile - 1) / tile * tile - length <= length / 30 { rows = count }
    }
    (window.input_rows, window.output_rows) = (Int32(rows), Int32(rows))
    (window.input_columns, window.output_columns) = (Int32(pixels / rows), Int32(pixels / rows))
  }

  /// Each name once: shared blocks have one for all their inputs.
  static func nodeNames(_ nodes: [Node]) -> String {
    var seen: Set<String> = []
    return nodes.map(\.name).filter { seen.insert($0).inserted }.joined(separator: ", ")
  }

  static func kernelName(_ nodes: [Node], _ kind: Epilogue.Kind, _ kernels: KernelSet) -> String {
    let isGrouped = nodes.contains { ($0.operation as? Convolution)?.groups != 1 }
    var name =
      "\(isGrouped ? "grouped " : "")\(kind.numbers.prefix)convolution \(kernels.instructionSet.name)\(kind.activation.suffix)"
    if let operation = kind.operation {
      name += (operation == Int32(MTLK_ADD_OPERAND) ? " + sum" : " + product") + kind.operandActivation.suffix
    }
    if kind.writesNumbers { name += kind.numbers == .bytes ? " to bytes" : " to bf16" }
    guard nodes.count > 1 else { return name }
    let inputs = Set(nodes.map { $0.inputs[0] }).count
    let weights = Set(nodes.map { $0.inputs[1] }).count
    if inputs == 1 { return name + ", \(nodes.count) siblings on one input" }
    if weights == 1 { return name + ", one weight for \(nodes.count) inputs" }
    return name + ", \(nodes.count) side by side"
  }
}
