import CMTLKernels
import MTLGraph

/// The weights of a convolution of bfloat16, rounded to it and in the order of the kernel, and its bias.
struct PackedHalfConvolution {
  let weights: Bytes
  let bias: Bytes

  init(_ node: Node, _ weight: Tensor, _ taps: LiveTaps, in planner: Planner) throws(MTLError) {
    let scale = node.inputs.count == 4 ? planner.constant(node.inputs[3]) : nil
    let key = PackedConvolution.key(node, "bfloat16", taps)
    weights = try planner.network.packedWeights.bytes(for: key) { () throws(MTLError) -> Bytes in
      let packed = try PackedHalfConvolution.pack(taps.trimmed(weight.converted(to: .float32)), scale)
      weight.stored.releasePages()
      return packed
    }
    bias = try PackedConvolution.bias(of: node, weight, in: planner)
  }

  private static func pack(_ weight: Tensor, _ scale: Tensor?) throws(MTLError) -> Bytes {
    let (shape, lane) = (weight.shape, Int(MTLK_HALF_LANE))
    let (outputBlocks, inputBlocks) = ((shape[0] + Layout.lane - 1) / Layout.lane, (shape[1] + lane - 1) / lane)
    let taps = shape[2] * shape[3]
    let count = outputBlocks * Layout.lane * inputBlocks * lane * taps
    return try unsafe Bytes(byteCount: count * MemoryLayout<UInt16>.size) { memory in
      unsafe weight.bytes.withUnsafeBytes { values in
        unsafe (scale?.bytes ?? Bytes(owner: nil, base: nil, count: 0)).withUnsafeBytes { scale in
          unsafe mtlk_pack_halves(
            values.assumingMemoryBound(to: Float.self).baseAddress,
            scale.assumingMemoryBound(to: Float.self).baseAddress,
            memory.assumingMemoryBound(to: UInt16.self).baseAddress, Int64(shape[0]), Int64(shape[1]), Int64(taps))
        }
      }
    }
  }
}
