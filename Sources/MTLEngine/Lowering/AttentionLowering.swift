import CMTLKernels
import MTLGraph

/// Attention of several heads. Keys are transposed into scratch memory; queries, values and output stay where they are if
/// heads end where blocks of channels do, and otherwise are copied into blocks of each head's own.
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
    let (images, threads) = (output.imageCount, planner.threadCount)
    let work = attention.multiplyAccumulates(inputs: inputs.map(\.shape), outputs: []) / images
    let set = planner.kernels.instructionSet.name

    func add(
      _ name: String, rowCount: Int, work: Int, writes targets: [Buffer], in planner: inout Planner,
      _ compute: @escaping (PartStep.Part, AttentionPlaces) -> Void
    ) {
      let split = WorkSplit(
        groupCount: heads.count, rowCount: rowCount, images: images, work: work, threadCount: threads)
      planner.add(nodeName: node.name, inputs: inputs, outputs: scratch + targets) { operands in
        unsafe PartStep(name, images: images, split: split) { part, arena in
          unsafe compute(part, AttentionPlaces(operands: operands, arena: arena, image: part.image))
        }
      }
    }
    unsafe add(
      "attention operands", rowCount: heads.strips, work: inputs[1].imageElementCount * 4, writes: [], in: &planner
    ) { part, places in for head in part.groups { unsafe heads.gather(head, part.rows, places) } }
    if heads.isInverted {
      let rows = (heads.keys + AttentionHeads.group - 1) / AttentionHeads.group
      unsafe add("attention of keys \(set)", rowCount: rows, work: work / 2, writes: [], in: &planner) { part, places in
        for head in part.groups { unsafe heads.findKeyBias(head, part.rows, places) }
      }
    }
    let group = heads.group(parts: heads.count * images, threadCount: threads)
    let groups = (heads.queries + group - 1) / group
    unsafe add("attention \(set)", rowCount: groups, work: work, writes: [output], in: &planner) { part, places in
      let queries = part.rows.lowerBound * group..<min(part.rows.upperBound * group, heads.queries)
      for head in part.groups { unsafe heads.attend(head, queries, places) }
    }
    guard !heads.writesInPlace else { return true }
    unsafe add("attention result", rowCount: 1, work: output.imageElementCount * 4, writes: [output], in: &planner) {
      part, places in for head in part.groups { unsafe heads.scatter(head, places) }
    }
    return true
  }
}
