import CMTLKernels
import MTLGraph

/// Attention of several heads. Keys are transposed into scratch memory; queries, values and output stay where they are if
/// heads end where blocks of channels do, and otherwise are copied into blocks of each head's own.
enum AttentionLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let attention = node.operation as? Attention, !attention.isInverted else { return false }
    var inputs: [Buffer] = []
    for value in node.inputs { inputs.append(try planner.buffer(of: value, as: .blocked)) }
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    guard output.elementCount > 0 else { return false }
    let heads = Heads(attention, queries: inputs[0], keys: inputs[1], values: inputs[2], planner.kernels)
    let scratch = heads.scratchCounts.map { planner.makeScratch(elementCount: $0.saturatingProduct(output.imageCount)) }
    let headSplit = WorkSplit(
      groupCount: heads.count, rowCount: 1, images: output.imageCount, work: inputs[1].imageElementCount * 4,
      threadCount: planner.threadCount)
    let querySplit = WorkSplit(
      groupCount: heads.count, rowCount: (heads.queries + Heads.group - 1) / Heads.group, images: output.imageCount,
      work: attention.multiplyAccumulates(inputs: inputs.map(\.shape), outputs: [])
        / max(output.imageCount, 1), threadCount: planner.threadCount)
    let images = output.imageCount
    planner.add(nodeName: node.name, inputs: inputs, outputs: scratch) { operands in
      unsafe PartStep("attention operands", images: images, split: headSplit) { part, arena in
        let places = unsafe HeadPlaces(operands, arena, image: part.image)
        for head in part.groups { unsafe heads.gather(head, places) }
      }
    }
    let name = "attention \(planner.kernels.instructionSet.name)"
    planner.add(nodeName: node.name, inputs: inputs + scratch, outputs: [output]) { operands in
      unsafe PartStep(name, images: images, split: querySplit) { part, arena in
        let places = unsafe HeadPlaces(operands, arena, image: part.image)
        for head in part.groups { unsafe heads.attend(head, part.rows, places) }
      }
    }
    guard !heads.writesInPlace else { return true }
    planner.add(nodeName: node.name, inputs: inputs + scratch, outputs: [output]) { operands in
      unsafe PartStep("attention result", images: images, split: headSplit) { part, arena in
        let places = unsafe HeadPlaces(operands, arena, image: part.image)
        for head in part.groups { unsafe heads.scatter(head, places) }
      }
    }
    return true
  }
}

/// Where one image's operands lie: queries, keys, values, then the scratch memory in the order of `Heads.scratchCounts`,
/// then the output.
@unsafe private struct HeadPlaces {
  let inputs: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
  let keys: UnsafeMutablePointer<Float>
  let queries: UnsafeMutablePointer<Float>
  let values: UnsafeMutablePointer<Float>
  let results: UnsafeMutablePointer<Float>
  /// Unused while the scratch memory is written.
  let output: UnsafeMutablePointer<Float>

  init(_ operands: [Operand], _ arena: UnsafeMutableRawPointer, image: Int) {
    func scratch(_ index: Int) -> UnsafeMutablePointer<Float> {
      let operand = operands[3 + index]
      return unsafe operand.pointer(in: arena) + image * (operand.buffer.elementCount / operands[0].buffer.imageCount)
    }
    unsafe inputs = (
      operands[0].pointer(in: arena, image: image), operands[1].pointer(in: arena, image: image),
      operands[2].pointer(in: arena, image: image)
    )
    unsafe (keys, queries, values, results) = (scratch(0), scratch(1), scratch(2), scratch(3))
    unsafe output = operands.count > 7 ? operands[7].pointer(in: arena, image: image) : results
  }
}

/// The heads of one image, and what each of them reads and writes.
private struct Heads {
  /// Queries that the kernel takes together; items are whole groups.
  static let group = MTLK_ATTENTION_QUERIES

  let count: Int
  let queries: Int
  let keys: Int
  /// Channels of one head in the keys and in the values.
  let depth: Int
  let width: Int
  private let scale: Float
  private let kernels: KernelSet

  init(_ attention: Attention, queries: Buffer, keys: Buffer, values: Buffer, _ kernels: KernelSet) {
    count = attention.heads
    (self.queries, self.keys) = (queries.pixelCount, keys.pixelCount)
    (depth, width) = (queries.shape[1] / attention.heads, values.shape[1] / attention.heads)
    scale = attention.scale ?? 1 / Float(depth).squareRoot()
    self.kernels = kernels
  }

  private var readsInPlace: Bool { count == 1 || depth % Layout.lane == 0 }
  var writesInPlace: Bool { count == 1 || width % Layout.lane == 0 }
  private var depthBlocks: Int { (depth + Layout.lane - 1) / Layout.lane }
  private var widthBlocks: Int { (width + Layout.lane - 1) / Layout.lane }
  private var packedKeyCount: Int { (keys + Layout.lane - 1) / Layout.lane * Layout.lane * depth }

  /// Floats for one image: packed keys, queries, values, results. Nothing where heads stay in place.
  var scratchCounts: [Int] {
    [
      count * packedKeyCount, readsInPlace ? 0 : count * depthBlocks * Layout.lane * queries,
      writesInPlace ? 0 : count * widthBlocks * Layout.lane * keys,
      writesInPlace ? 0 : count * widthBlocks * Layout.lane * queries,
    ]
  }

  @unsafe func gather(_ head: Int, _ places: HeadPlaces) {
    unsafe mtlk_gather_transposed(
      places.inputs.1, Int64(keys), nil, nil, Int64(head * depth), Int64(depth), Int64(keys),
      places.keys + head * packedKeyCount)
    if !readsInPlace {
      unsafe mtlk_gather(
        places.inputs.0, Int64(queries), nil, nil, Int64(head * depth), Int64(depth), Int64(queries),
        places.queries + head * depthBlocks * Layout.lane * queries)
    }
    if !writesInPlace {
      unsafe mtlk_gather(
        places.inputs.2, Int64(keys), nil, nil, Int64(head * width), Int64(width), Int64(keys),
        places.values + head * widthBlocks * Layout.lane * keys)
    }
  }

  /// `groups` are groups of queries.
  @unsafe func attend(_ head: Int, _ groups: Range<Int>, _ places: HeadPlaces) {
    var shape = mtlk_attention()
    (shape.keys, shape.depth, shape.value_blocks) = (Int64(keys), Int64(depth), Int64(widthBlocks))
    (shape.query_plane, shape.value_plane) = (Int64(queries * Layout.lane), Int64(keys * Layout.lane))
    (shape.output_plane, shape.scale) = (shape.query_plane, scale)
    let queryStart = head * depthBlocks * Layout.lane * queries
    let valueStart = head * widthBlocks * Layout.lane
    unsafe kernels.functions.pointee.attention(
      &shape, (readsInPlace ? places.inputs.0 : places.queries) + queryStart, places.keys + head * packedKeyCount,
      (writesInPlace ? places.inputs.2 : places.values) + valueStart * keys, nil,
      (writesInPlace ? places.output : places.results) + valueStart * queries, Int64(groups.lowerBound * Heads.group),
      Int64(min(groups.upperBound * Heads.group, queries)))
  }

  @unsafe func scatter(_ head: Int, _ places: HeadPlaces) {
    unsafe mtlk_scatter(
      places.results + head * widthBlocks * Layout.lane * queries, Int64(queries), places.output, Int64(queries), nil,
      Int64(head * width), Int64(width), Int64(count * width))
  }
}
