import CMTLKernels
import MTLGraph

/// The weights of a convolution of bytes in the order of the kernel, and what its sums are multiplied with and added to.
struct PackedByteConvolution {
  let weights: Bytes
  let factors: ByteFactors

  init(
    _ node: Node, _ weight: Tensor, _ taps: LiveTaps, _ layout: Layout, _ grid: ByteGrid, in planner: Planner
  ) throws(MTLError) {
    weights = try PackedByteConvolution.weights(node, weight, taps, lane: layout.lane, in: planner)
    let sums = grid.zeroPoint > 0 ? PackedByteConvolution.sums(weights, count: weight.shape[0]) : []
    factors = try ByteFactors(node, sums: sums, grid, in: planner)
  }

  /// Where the file holds the weights in the order of kernels they are used in their place.
  private static func weights(
    _ node: Node, _ weight: Tensor, _ taps: LiveTaps, lane: Int, in planner: Planner
  ) throws(MTLError) -> Bytes {
    let blocks = lane == ByteBlocks.inputLane ? weight.blocks : nil
    if let blocks, taps.isWhole { return blocks.bytes }
    let live = taps.isWhole ? "" : " \(taps.rows) \(taps.columns)"
    let key = PackedWeights.Key(value: node.inputs[1], packing: "bytes \(lane)\(live)")
    return try planner.network.packedWeights.bytes(for: key) { () throws(MTLError) -> Bytes in
      let packed =
        if let blocks { try taps.trimmed(blocks, weight.shape) } else { try pack(taps.trimmed(weight), lane: lane) }
      // From now on this copy is read, and the file's pages may go.
      weight.stored.releasePages()
      return packed
    }
  }

  /// Of each output's weights.
  private static func sums(_ weights: Bytes, count: Int) -> [Int] {
    guard count > 0 else { return [] }
    let blocks = (count + Layout.lane - 1) / Layout.lane
    var sums = [Int32](repeating: 0, count: blocks * Layout.lane)
    unsafe weights.withUnsafeBytes { weights in
      unsafe mtlk_sum_bytes(
        weights.assumingMemoryBound(to: Int8.self).baseAddress, &sums, Int64(blocks), Int64(weights.count / blocks))
    }
    return sums.prefix(count).map { Int($0) }
  }

  private static func pack(_ weight: Tensor, lane: Int) throws(MTLError) -> Bytes {
    let shape = weight.shape
    let (outputBlocks, inputBlocks) = ((shape[0] + Layout.lane - 1) / Layout.lane, (shape[1] + lane - 1) / lane)
    let taps = shape[2] * shape[3]
    return try unsafe Bytes(byteCount: outputBlocks * Layout.lane * inputBlocks * lane * taps) { memory in
      unsafe weight.bytes.withUnsafeBytes { values in
        unsafe mtlk_pack_bytes(
          values.assumingMemoryBound(to: Int8.self).baseAddress, memory.assumingMemoryBound(to: Int8.self).baseAddress,
          Int64(shape[0]), Int64(shape[1]), Int64(taps), Int64(lane))
      }
    }
  }
}
