import CMTLKernels
import MTLGraph

/// The weights of a convolution of bytes in the order of the kernel, and what its sums are multiplied with and added to.
struct PackedByteConvolution {
  let weights: Bytes
  let factors: ByteFactors
  /// Which channels they are for.
  let slices: ChannelSlices

  init(
    _ node: Node, _ weight: Tensor, _ taps: LiveTaps, _ layout: Layout, _ grid: ByteGrid, in planner: Planner
  ) throws(MTLError) {
    let groups = (node.operation as? Convolution)?.groups ?? 1
    guard groups == 1 else {
      self = try .init(
        node, outputs: weight.shape[0], inputs: weight.shape[1] * groups, groups: groups, grid,
        packing: PackedByteConvolution.packing("bytes in \(groups) groups", taps), in: planner
      ) { () throws(MTLError) in try taps.trimmed(weight) }
      return
    }
    slices = ChannelSlices(groups: 1, inputs: weight.shape[1], outputs: weight.shape[0], reach: Int(MTLK_BYTE_LANE))
    weights = try PackedByteConvolution.weights(node, weight, taps, lane: layout.lane, in: planner)
    factors = try ByteFactors(node, weights, outputs: weight.shape[0], grid, in: planner)
  }

  /// Of groups, or of weights that the graph does not have in this order.
  ///
  /// - Parameters:
  ///   - inputs: of all groups, and so `outputs`.
  ///   - packing: tells these weights from others that are made of the same constant.
  ///   - weight: makes them, outputs x inputs of a group x taps.
  init(
    _ node: Node, outputs: Int, inputs: Int, groups: Int, _ grid: ByteGrid, packing: String, in planner: Planner,
    weight: () throws(MTLError) -> Tensor
  ) throws(MTLError) {
    let reach = unsafe Int(planner.kernels.functions.pointee.byte_reach)
    let slices = ChannelSlices(groups: groups, inputs: inputs, outputs: outputs, reach: reach)
    self.slices = slices
    let key = PackedWeights.Key(value: node.inputs[1], packing: "\(packing) by \(reach)")
    weights = try planner.network.packedWeights.bytes(for: key) { () throws(MTLError) -> Bytes in
      let packed = try slices.pack(try weight(), groups: groups)
      planner.constant(node.inputs[1])?.stored.releasePages()
      return packed
    }
    factors = try ByteFactors(node, weights, outputs: outputs, grid, in: planner)
  }

  /// The largest sum of products with bytes that an output has of one input block, above zero or below.
  var largestBlockSum: Int {
    let blocks = (slices.all.last?.outputBlocks.upperBound ?? 1).saturatingProduct(slices.inputBlocks)
    return unsafe weights.withUnsafeBytes { weights in
      unsafe 255
        * Int(
          mtlk_largest_weight_sum(
            weights.assumingMemoryBound(to: Int8.self).baseAddress, Int64(blocks), Int64(weights.count / blocks)))
    }
  }

  private static func packing(_ name: String, _ taps: LiveTaps) -> String {
    taps.isWhole ? name : "\(name) \(taps.rows) \(taps.columns)"
  }

  /// Where the file holds the weights in the order of kernels they are used in their place.
  private static func weights(
    _ node: Node, _ weight: Tensor, _ taps: LiveTaps, lane: Int, in planner: Planner
  ) throws(MTLError) -> Bytes {
    let blocks = lane == ByteBlocks.inputLane ? weight.blocks : nil
    if let blocks, taps.isWhole { return blocks.bytes }
    let key = PackedWeights.Key(value: node.inputs[1], packing: packing("bytes \(lane)", taps))
    return try planner.network.packedWeights.bytes(for: key) { () throws(MTLError) -> Bytes in
      let packed =
        if let blocks { try taps.trimmed(blocks, weight.shape) } else { try pack(taps.trimmed(weight), lane: lane) }
      // From now on this copy is read, and the file's pages may go.
      weight.stored.releasePages()
      return packed
    }
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

extension ByteFactors {
  /// - Parameter weights: in the order of the kernel.
  fileprivate init(
    _ node: Node, _ weights: Bytes, outputs: Int, _ grid: ByteGrid, in planner: Planner
  ) throws(MTLError) {
    try self.init(
      node, sums: grid.zeroPoint > 0 ? ByteFactors.sums(weights, count: outputs) : [], grid, in: planner)
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
}
