import CMTLKernels
import MTLGraph

/// The weights of a convolution of bytes in the order of the kernel, and what its sums are multiplied with and added to.
struct PackedByteConvolution {
  let weights: Bytes
  let factors: ByteFactors

  init(
    _ node: Node, _ weight: Tensor, _ taps: LiveTaps, _ layout: Layout, _ grid: ByteGrid, in planner: Planner
  ) throws(MTLError) {
    let lane = layout.lane
    let live = taps.isWhole ? "" : " \(taps.rows) \(taps.columns)"
    weights = try planner.network.packedWeights.bytes(
      for: .init(value: node.inputs[1], packing: "bytes \(lane)\(live)")
    ) {
      () throws(MTLError) -> Bytes in try PackedByteConvolution.pack(taps.trimmed(weight), lane: lane)
    }
    factors = try ByteFactors(node, taps.trimmed(weight), grid, in: planner)
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
