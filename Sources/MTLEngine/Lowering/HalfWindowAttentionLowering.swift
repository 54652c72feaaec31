import CMTLKernels
import MTLGraph

/// Attention inside shifted windows that multiplies bfloat16. Items are windows; each gathers its pixels' queries, keys and
/// values head by head. What stands in for pixels of the padding is rounded like weights.
enum HalfWindowAttentionLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let attention = node.operation as? WindowAttention, let bias = planner.constant(node.inputs[1]),
      let padding = planner.constant(node.inputs[2]), planner.readsHalves([node.inputs[0]]),
      attention.grids.isEmpty, attention.scale == nil,
      planner.shape(of: node.outputs[0]).elementCount > 0
    else { return false }
    let input = try planner.buffer(of: node.inputs[0], as: .halves)
    let isAligned = planner.shape(of: node.outputs[0])[1] / attention.heads % Int(MTLK_HALF_LANE) == 0
    let result = isAligned ? planner.fuseRounding(after: node) : nil
    let output = planner.makeBuffer(for: result ?? node.outputs[0], result == nil ? .blocked : .halves)
    let windows = HalfWindows(
      windows: try Windows(attention, output, bias: bias.floats(), lane: Int(MTLK_HALF_LANE)),
      padding: Bytes(copying: try padding.floats().map(\.bitsAsBFloat16)), kernels: planner.kernels,
      writesHalves: result != nil)
    let split = WorkSplit(
      groupCount: 1, rowCount: windows.windows.count, images: output.imageCount,
      work: attention.multiplyAccumulates(inputs: [], outputs: [output.shape]) / output.imageCount,
      threadCount: planner.threadCount)
    let scratch = planner.makeScratch(
      elementCount: windows.scratchCount.saturatingProduct(split.itemCount * output.imageCount))
    let name = "bf16 window attention \(planner.kernels.instructionSet.name)\(result == nil ? "" : " to bf16")"
    planner.add(nodeName: node.name, inputs: [input], outputs: [output, scratch]) { operands in
      unsafe PartStep(name, numbers: .halves, images: output.imageCount, split: split) { part, arena in
        let memory = unsafe operands[2].pointer(in: arena) + part.item * windows.scratchCount
        for window in part.rows {
          unsafe windows.attend(
            window, operands[0].halves(in: arena, image: part.image),
            UnsafeMutableRawPointer(operands[1].pointer(in: arena, image: part.image)), scratch: memory)
        }
      }
    }
    return true
  }
}

/// Windows whose attention multiplies bfloat16.
private struct HalfWindows {
  let windows: Windows
  /// What stands in for pixels of the padding.
  let padding: Bytes
  let kernels: KernelSet
  let writesHalves: Bool

  private static let lane = Int(MTLK_HALF_LANE)
  private var depthBlocks: Int { (windows.depth + HalfWindows.lane - 1) / HalfWindows.lane }
  private var valueBlocks: Int { (windows.depth + Layout.lane - 1) / Layout.lane }
  private var keyTiles: Int { (windows.tokens + HalfWindows.lane - 1) / HalfWindows.lane }

  /// Floats of one head's queries, keys or values, and of these in the order of weights.
  private var gatheredCount: Int { depthBlocks * windows.tokens * HalfWindows.lane / 2 }
  private var packedCount: Int { depthBlocks * HalfWindows.lane * keyTiles * HalfWindows.lane / 2 }
  private var resultCount: Int { 2 * depthBlocks * windows.tokens * Layout.lane }
  private var sumCount: Int { Int(unsafe withUnsafePointer(to: shape) { unsafe mtlk_attention_sum_count($0) }) }

  var scratchCount: Int { 3 * gatheredCount + 2 * packedCount + resultCount + sumCount }

  private var shape: mtlk_attention_halves {
    mtlk_attention_halves(
      queries: Int64(windows.tokens), keys: Int64(windows.tokens), depth_blocks: Int64(depthBlocks),
      value_blocks: Int64(valueBlocks), bias_stride: Int64(windows.biasStride),
      scale: 1 / Float(windows.depth).squareRoot(), output_is_half: writesHalves ? 1 : 0)
  }

  @unsafe func attend(
    _ window: Int, _ input: UnsafePointer<UInt16>, _ output: UnsafeMutableRawPointer,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe padding.withUnsafeBytes { padding in
      guard let padding = unsafe padding.assumingMemoryBound(to: UInt16.self).baseAddress else { return }
      unsafe windows.forEachHead(of: window) { head, index, bias in
        unsafe attend(head, index, bias, padding, input, output, scratch)
      }
    }
  }

  @unsafe private func attend(
    _ head: Int, _ index: UnsafePointer<Int32>, _ bias: UnsafePointer<Float>, _ padding: UnsafePointer<UInt16>,
    _ input: UnsafePointer<UInt16>, _ output: UnsafeMutableRawPointer, _ scratch: UnsafeMutablePointer<Float>
  ) {
    var rest = unsafe scratch
    func take(_ floats: Int) -> UnsafeMutableRawPointer {
      defer { unsafe rest += floats }
      return UnsafeMutableRawPointer(rest)
    }
    func takeHalves(_ floats: Int) -> UnsafeMutablePointer<UInt16> {
      unsafe take(floats).assumingMemoryBound(to: UInt16.self)
    }
    let (tokens, depth, pixels) = (Int64(windows.tokens), Int64(windows.depth), Int64(windows.pixels))
    func gather(_ part: Int) -> UnsafeMutablePointer<UInt16> {
      let (target, first) = unsafe (takeHalves(gatheredCount), windows.firstChannel(part, head: head))
      unsafe mtlk_gather_halves(input, pixels, index, padding + first, Int64(first), depth, tokens, target)
      return unsafe target
    }
    let (queries, keys, values) = unsafe (gather(0), gather(1), gather(2))
    let (pairedKeys, pairedValues) = unsafe (takeHalves(packedCount), takeHalves(packedCount))
    let (results, sums) = unsafe (take(resultCount), take(sumCount).assumingMemoryBound(to: Float.self))
    let functions = unsafe kernels.functions
    unsafe functions.pointee.pair_keys(keys, tokens, Int64(depthBlocks), pairedKeys, 0, Int64(keyTiles))
    unsafe functions.pointee.pair_values(values, tokens, Int64(valueBlocks), pairedValues, 0, Int64(keyTiles))
    var shape = shape
    unsafe functions.pointee.attention_halves(
      &shape, queries, pairedKeys, pairedValues, bias, results, sums, 0, tokens)
    let first = Int64(windows.firstChannel(0, head: head))
    if writesHalves {
      unsafe mtlk_scatter_halves(
        results.assumingMemoryBound(to: UInt16.self), tokens, output.assumingMemoryBound(to: UInt16.self), pixels,
        index, first, depth)
    } else {
      unsafe mtlk_scatter(
        results.assumingMemoryBound(to: Float.self), tokens, output.assumingMemoryBound(to: Float.self), pixels, index,
        first, depth, Int64(windows.heads * windows.depth))
    }
  }
}
