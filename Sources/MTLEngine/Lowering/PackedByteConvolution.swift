import CMTLKernels
import MTLGraph

/// The weights of a convolution of bytes in the order of the kernel, and what its sums are multiplied with and added to.
struct PackedByteConvolution {
  let weights: Bytes
  let multipliers: Bytes
  let bias: Bytes

  init(
    _ node: Node, _ weight: Tensor, _ taps: LiveTaps, _ layout: Layout, _ grid: ByteGrid, in planner: Planner
  ) throws(MTLError) {
    guard let scale = planner.constant(node.inputs[3]), let bias = planner.constant(node.inputs[2]) else {
      throw MTLError(.internalFault, node.name, "has no constant scale")
    }
    let lane = layout.lane
    let live = taps.isWhole ? "" : " \(taps.rows) \(taps.columns)"
    weights = try planner.network.packedWeights.bytes(
      for: .init(value: node.inputs[1], packing: "bytes \(lane)\(live)")
    ) {
      () throws(MTLError) -> Bytes in try PackedByteConvolution.pack(taps.trimmed(weight), lane: lane)
    }
    let filling = (Layout.lane - weight.shape[0] % Layout.lane) % Layout.lane
    let zeros = [Float](repeating: 0, count: filling)
    let factors = try scale.floats(of: node.name).map { $0 * grid.scale }
    multipliers = Bytes(copying: factors + zeros)
    let offsets = try PackedByteConvolution.offsets(weight, taps, grid)
    let biases = try bias.floats(of: node.name)
    self.bias = Bytes(
      copying: biases.indices.map { Float(Double(biases[$0]) - Double(factors[$0]) * Double(offsets[$0])) } + zeros)
  }

  /// What a zero point adds to the sums of each output.
  private static func offsets(_ weight: Tensor, _ taps: LiveTaps, _ grid: ByteGrid) throws(MTLError) -> [Int] {
    let count = weight.shape[0]
    guard grid.zeroPoint > 0, count > 0 else { return [Int](repeating: 0, count: count) }
    let weight = try taps.trimmed(weight)
    let each = weight.shape.elementCount / count
    return unsafe weight.bytes.withUnsafeBytes { bytes in
      let values = unsafe bytes.assumingMemoryBound(to: Int8.self)
      return (0..<count).map { output in
        var sum = 0
        for index in output * each..<(output + 1) * each { sum += unsafe Int(values[index]) }
        return sum * Int(grid.zeroPoint)
      }
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
