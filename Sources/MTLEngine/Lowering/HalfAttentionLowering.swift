import CMTLKernels
import MTLGraph

/// Attention of several heads that multiplies bfloat16. Keys and values are brought into the order of weights; queries stay
/// where they are, and outputs are written in place, where heads end with blocks of channels.
enum HalfAttentionLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let attention = node.operation as? Attention, !attention.isInverted, attention.grids.isEmpty,
      planner.readsHalves(node.inputs)
    else {
      return false
    }
    guard planner.shape(of: node.outputs[0]).elementCount > 0 else { return false }
    var inputs: [Buffer] = []
    for value in node.inputs { inputs.append(try planner.buffer(of: value, as: .halves)) }
    var heads = HalfAttentionHeads(attention, inputs, planner)
    let result = heads.writesInPlace ? planner.fuseRounding(after: node) : nil
    heads.writesHalves = result != nil
    let output = planner.makeBuffer(for: result ?? node.outputs[0], result == nil ? .blocked : .halves)
    let scratch = HalfAttentionHeads.Scratch.allCases.map {
      planner.makeScratch(elementCount: heads.elementCount(of: $0).saturatingProduct(output.imageCount))
    }
    let steps = HalfAttentionSteps(nodeName: node.name, inputs: inputs, scratch: scratch, output: output, heads: heads)
    steps.addOperands(in: &planner)
    steps.addAttention(
      multiplyAccumulates: attention.multiplyAccumulates(inputs: inputs.map(\.shape), outputs: []), in: &planner)
    if !heads.writesInPlace { steps.addResult(in: &planner) }
    return true
  }
}

extension Planner {
  /// Whether all of these values are kept in bfloat16 but for constants, which are rounded like weights.
  func readsHalves(_ values: [ValueID]) -> Bool {
    values.allSatisfy { narrowLayouts[$0] == .halves || constant($0) != nil }
      && values.contains { narrowLayouts[$0] == .halves }
  }
}

/// The steps of one attention. Items are heads x strips of tokens.
private struct HalfAttentionSteps {
  let nodeName: String
  let inputs: [Buffer]
  let scratch: [Buffer]
  let output: Buffer
  let heads: HalfAttentionHeads

  func addOperands(in planner: inout Planner) {
    let heads = heads
    let work = (inputs[1].imageElementCount + inputs[2].imageElementCount).saturatingProduct(4)
    let split = split(rowCount: heads.keyTiles, work: work, in: planner)
    unsafe add("bf16 attention operands \(planner.kernels.instructionSet.name)", split, in: &planner) { part, places in
      for head in part.groups { unsafe heads.pair(head, part.rows, places) }
    }
  }

  func addAttention(multiplyAccumulates: Int, in planner: inout Planner) {
    let heads = heads
    let group = heads.group(parts: heads.count * output.imageCount, threadCount: planner.threadCount)
    let split = split(
      rowCount: (heads.queries + group - 1) / group, work: multiplyAccumulates / output.imageCount, in: planner)
    // Each item has room of its own for its sums.
    let sums = planner.makeScratch(
      elementCount: heads.sumCount.saturatingProduct(split.itemCount).saturatingProduct(output.imageCount))
    let name = "bf16 attention \(planner.kernels.instructionSet.name)\(heads.writesHalves ? " to bf16" : "")"
    unsafe add(
      name, split, multiplyAccumulates: multiplyAccumulates, writing: [sums, output], in: &planner
    ) { part, places in
      let queries = part.rows.lowerBound * group..<min(part.rows.upperBound * group, heads.queries)
      for head in part.groups { unsafe heads.attend(head, queries, places, item: part.item) }
    }
  }

  func addResult(in planner: inout Planner) {
    let heads = heads
    let split = split(rowCount: 1, work: output.imageElementCount.saturatingProduct(4), in: planner)
    unsafe add("attention result", split, writing: [output], in: &planner) { part, places in
      for head in part.groups { unsafe heads.scatter(head, places) }
    }
  }

  private func split(rowCount: Int, work: Int, in planner: Planner) -> WorkSplit {
    WorkSplit(
      groupCount: heads.count, rowCount: rowCount, images: output.imageCount, work: work,
      threadCount: planner.threadCount)
  }

  private func add(
    _ name: String, _ split: WorkSplit, multiplyAccumulates: Int = 0, writing targets: [Buffer] = [],
    in planner: inout Planner, _ compute: @escaping (PartStep.Part, HalfAttentionPlaces) -> Void
  ) {
    let images = output.imageCount
    let numbers = multiplyAccumulates > 0 ? NumberFormat.halves : .floats
    planner.add(
      nodeName: nodeName, inputs: inputs, outputs: scratch + targets, multiplyAccumulates: multiplyAccumulates
    ) { operands in
      unsafe PartStep(name, numbers: numbers, images: images, split: split) { part, arena in
        unsafe compute(part, HalfAttentionPlaces(operands: operands, arena: arena, image: part.image))
      }
    }
  }
}
