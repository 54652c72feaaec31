import CMTLKernels
import MTLGraph

/// A convolution's weights and bias in the order of the kernel, made once for a model.
struct PackedConvolution {
  let weights: Bytes
  let bias: Bytes

  init(_ node: Node, _ weight: Tensor, _ taps: LiveTaps, lane: Int, in planner: Planner) throws(MTLError) {
    let cache = planner.network.packedWeights
    let scale = node.inputs.count == 4 ? planner.constant(node.inputs[3]) : nil
    weights = try cache.bytes(for: PackedConvolution.key(node, "convolution \(lane)", taps)) {
      () throws(MTLError) -> Bytes in
      let packed = try PackedConvolution.pack(taps.trimmed(weight.converted(to: .float32)), scale, lane: lane)
      // From now on this copy is read, and the file's pages may go.
      weight.stored.releasePages()
      return packed
    }
    bias = try PackedConvolution.bias(of: node, weight, in: planner)
  }

  /// What a convolution's weights in some order are known by.
  static func key(_ node: Node, _ packing: String, _ taps: LiveTaps) -> PackedWeights.Key {
    // The factor, too, tells two uses of one weight apart.
    let factor = node.inputs.count == 4 ? " \(node.inputs[3].index)" : ""
    let live = taps.isWhole ? "" : " \(taps.rows) \(taps.columns)"
    return PackedWeights.Key(value: node.inputs[1], packing: packing + live + factor)
  }

  /// A convolution's bias, zero where it has none, in whole blocks.
  static func bias(of node: Node, _ weight: Tensor, in planner: Planner) throws(MTLError) -> Bytes {
    let channels = weight.shape[0]
    let bias = node.inputs.count > 2 ? planner.constant(node.inputs[2]) : nil
    let biasValue = node.inputs.count > 2 ? node.inputs[2] : node.inputs[1]
    return try planner.network.packedWeights.bytes(for: .init(value: biasValue, packing: "bias")) {
      () throws(MTLError) -> Bytes in
      var values = try bias?.floats(of: node.name) ?? []
      let blocks = (channels + Layout.lane - 1) / Layout.lane
      values += [Float](repeating: 0, count: blocks * Layout.lane - values.count)
      return Bytes(copying: values)
    }
  }

  private static func pack(_ weight: Tensor, _ scale: Tensor?, lane: Int) throws(MTLError) -> Bytes {
    let shape = weight.shape
    let (outputBlocks, inputBlocks) = ((shape[0] + Layout.lane - 1) / Layout.lane, (shape[1] + lane - 1) / lane)
    let taps = shape[2] * shape[3]
    let count = outputBlocks * inputBlocks * taps * lane * Layout.lane
    return try unsafe Bytes(byteCount: count * MemoryLayout<Float>.size) {
      (memory: UnsafeMutableRawBufferPointer) throws(MTLError) in
      unsafe weight.bytes.withUnsafeBytes { values in
        unsafe (scale?.bytes ?? Bytes(owner: nil, base: nil, count: 0)).withUnsafeBytes { scale in
          let values = unsafe values.assumingMemoryBound(to: Float.self).baseAddress
          let scale = unsafe scale.assumingMemoryBound(to: Float.self).baseAddress
          let packed = unsafe memory.assumingMemoryBound(to: Float.self).baseAddress
          unsafe mtlk_pack_convolution(
            values, scale, packed, Int64(shape[0]), Int64(shape[1]), Int64(taps), Int64(lane))
        }
      }
    }
  }
}
