import CMTLKernels
import MTLGraph

/// Attention of several heads. Keys are transposed into scratch memory; queries, values and output stay where they are
/// if heads end where blocks of channels do, and otherwise are copied into blocks of each head's own.
///
/// Inverted attention is plain attention under a bias for each key, the logarithm of what its softmax over the queries
/// divides by; queries and keys change places to find it.
enum AttentionLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let attention = node.operation as? Attention else { return false }
    var inputs: [Buffer] = []
    for value in node.inputs { inputs.append(try planner.buffer(of: value, as: .blocked)) }
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    guard output.elementCount > 0 else { return false }
    let heads = AttentionHeads(attention, inputs, planner.kernels)
    let scratch = AttentionHeads.Scratch.allCases.map {
      planner.makeScratch(elementCount: heads.elementCount(of: $0).saturatingProduct(output.imageCount))
    }
    let steps = AttentionSteps(nodeName: node.name, inputs: inputs, scratch: scratch, output: output, heads: heads)
    let multiplyAccumulates = attention.multiplyAccumulates(inputs: inputs.map(\.shape), outputs: [])
    steps.addOperands(in: &planner)
    if heads.isInverted { steps.addKeyBias(work: multiplyAccumulates / output.imageCount / 2, in: &planner) }
    steps.addAttention(multiplyAccumulates: multiplyAccumulates, in: &planner)
    if !heads.writesInPlace { steps.addResult(in: &planner) }
    return true
  }
}

/// The steps of one attention. Items are heads x strips of tokens.
private struct AttentionSteps {
  let nodeName: String
  let inputs: [Buffer]
  let scratch: [Buffer]
  let output: Buffer
  let heads: AttentionHeads

  func addOperands(in planner: inout Planner) {
    let heads = heads
    unsafe add(
      "attention operands", rowCount: heads.strips, work: inputs[1].imageElementCount * 4, in: &planner
    ) { part, places in for head in part.groups { unsafe heads.gather(head, part.rows, places) } }
  }

  func addKeyBias(work: Int, in planner: inout Planner) {
    let heads = heads
    let groups = (heads.keys + AttentionHeads.group - 1) / AttentionHeads.group
    let name = "attention of keys \(planner.kernels.instructionSet.name)"
    unsafe add(name, rowCount: groups, work: work, in: &planner) { part, places in
      for head in part.groups { unsafe heads.findKeyBias(head, part.rows, places) }
    }
  }

  func addAttention(multiplyAccumulates: Int, in planner: inout Planner) {
    let heads = heads
    let group = heads.group(parts: heads.count * output.imageCount, threadCount: planner.threadCount)
    let suffix = heads.grids.isEmpty ? "" : " on grids"
    let name = "attention \(planner.kernels.instructionSet.name)\(suffix)"
    let groups = (heads.queries + group - 1) / group
    unsafe add(
      name, rowCount: groups, work: multiplyAccumulates / output.imageCount, multiplyAccumulates: multiplyAccumulates,
      writesOutput: true, memory: heads.memoryCount, in: &planner
    ) { part, places in
      let queries = part.rows.lowerBound * group..<min(part.rows.upperBound * group, heads.queries)
      for head in part.groups { unsafe heads.attend(head, queries, places) }
    }
  }

  func addResult(in planner: inout Planner) {
    let heads = heads
    unsafe add(
      "attention result", rowCount: 1, work: output.imageElementCount * 4, writesOutput: true, in: &planner
    ) { part, places in for head in part.groups { unsafe heads.scatter(head, places) } }
  }

  private func add(
    _ name: String, rowCount: Int, work: Int, multiplyAccumulates: Int = 0, writesOutput: Bool = false,
    memory: Int = 0, in planner: inout Planner, _ compute: @escaping (PartStep.Part, AttentionPlaces) -> Void
  ) {
    let images = output.imageCount
    let split = WorkSplit(
      groupCount: heads.count, rowCount: rowCount, images: images, work: work, threadCount: planner.threadCount)
    let memories =
      memory > 0 ? [planner.makeScratch(elementCount: memory.saturatingProduct(split.itemCount * images))] : []
    let targets = scratch + (writesOutput ? [output] : []) + memories
    planner.add(
      nodeName: nodeName, inputs: inputs, outputs: targets, multiplyAccumulates: multiplyAccumulates
    ) { operands in
      unsafe PartStep(name, images: images, split: split) { part, arena in
        unsafe compute(part, AttentionPlaces(operands: operands, arena: arena, image: part.image, item: part.item))
      }
    }
  }
}
