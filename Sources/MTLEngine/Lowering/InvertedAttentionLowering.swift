import CMTLKernels
import MTLGraph

/// Attention whose softmax runs over the queries. Items are heads, each a few products of matrices in plain order.
enum InvertedAttentionLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let attention = node.operation as? Attention, attention.isInverted else { return false }
    var inputs: [Buffer] = []
    for value in node.inputs { inputs.append(try planner.buffer(of: value, as: .planar)) }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    guard output.elementCount > 0 else { return false }
    let head = InvertedHead(attention, inputs[0], inputs[1], output, planner.kernels)
    let split = WorkSplit(
      groupCount: attention.heads, rowCount: 1, images: output.imageCount,
      work: attention.multiplyAccumulates(inputs: inputs.map(\.shape), outputs: []) / output.imageCount,
      threadCount: planner.threadCount)
    let scratch = planner.makeScratch(
      elementCount: head.scratchCount.saturatingProduct(split.itemCount * output.imageCount))
    let name = "inverted attention \(planner.kernels.instructionSet.name)"
    planner.add(nodeName: node.name, inputs: inputs, outputs: [output, scratch]) { operands in
      unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        let memory = unsafe operands[4].pointer(in: arena) + part.item * head.scratchCount
        for index in part.groups {
          unsafe head.attend(
            operands[0].pointer(in: arena, image: part.image) + index * head.depth * head.queries,
            operands[1].pointer(in: arena, image: part.image) + index * head.depth * head.keys,
            operands[2].pointer(in: arena, image: part.image) + index * head.width * head.keys,
            operands[3].pointer(in: arena, image: part.image) + index * head.width * head.queries, memory)
        }
      }
    }
    return true
  }
}

private struct InvertedHead {
  let queries: Int
  let keys: Int
  /// Channels of one head in the keys and in the values.
  let depth: Int
  let width: Int
  private let scale: Float
  private let kernels: KernelSet

  init(_ attention: Attention, _ queries: Buffer, _ keys: Buffer, _ output: Buffer, _ kernels: KernelSet) {
    (self.queries, self.keys) = (queries.pixelCount, keys.pixelCount)
    (depth, width) = (queries.shape[1] / attention.heads, output.shape[1] / attention.heads)
    scale = attention.scale ?? 1 / Float(depth).squareRoot()
    self.kernels = kernels
  }

  /// Floats for queries and keys by token, and for the scores by key and by query.
  var scratchCount: Int { depth * (queries + keys) + 2 * queries * keys }

  /// All operands are [channel][token].
  @unsafe func attend(
    _ queryPlanes: UnsafePointer<Float>, _ keyPlanes: UnsafePointer<Float>, _ values: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let keyRows = unsafe scratch + depth * queries
    let byKey = unsafe keyRows + depth * keys
    let byQuery = unsafe byKey + queries * keys
    unsafe mtlk_reblock(queryPlanes, 1, scratch, Int64(depth), Int64(depth), Int64(queries))
    unsafe mtlk_reblock(keyPlanes, 1, keyRows, Int64(depth), Int64(depth), Int64(keys))
    for index in 0..<depth * queries { unsafe scratch[index] *= scale }
    unsafe multiply(keyRows, scratch, byKey, rows: keys, depth: depth, outputs: queries)
    unsafe kernels.functions.pointee.softmax(byKey, byKey, Int64(keys), Int64(queries), 0)
    unsafe mtlk_reblock(byKey, Int64(queries), byQuery, 1, Int64(queries), Int64(keys))
    for query in 0..<queries { unsafe normalize(byQuery + query * keys) }
    unsafe multiply(values, byQuery, output, rows: width, depth: keys, outputs: queries)
  }

  /// Divides a query's weights by their sum.
  @unsafe private func normalize(_ weights: UnsafeMutablePointer<Float>) {
    var sum: Float = 0
    for key in 0..<keys { unsafe sum += weights[key] }
    let factor = 1 / max(sum, 1e-12)
    for key in 0..<keys { unsafe weights[key] *= factor }
  }

  @unsafe private func multiply(
    _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, depth: Int,
    outputs: Int
  ) {
    unsafe kernels.functions.pointee.gemm(
      x, weight, nil, y, Int64(rows), Int64(depth), Int64(outputs), 0, Int64(outputs), Int32(MTLK_NO_ACTIVATION), 0)
  }
}
