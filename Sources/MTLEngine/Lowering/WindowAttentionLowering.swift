import CMTLKernels
import MTLGraph

/// Attention inside shifted windows. Items are windows; each gathers its pixels' queries, keys and values head by head.
enum WindowAttentionLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let attention = node.operation as? WindowAttention, let bias = planner.constant(node.inputs[1]),
      let padding = planner.constant(node.inputs[2])
    else { return false }
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    guard output.elementCount > 0 else { return false }
    let windows = FloatWindows(
      windows: try Windows(attention, output, bias: bias.floats(), lane: Layout.lane),
      padding: Bytes(copying: try padding.floats()), scale: attention.scale, grids: attention.grids,
      kernels: planner.kernels)
    let split = WorkSplit(
      groupCount: 1, rowCount: windows.windows.count, images: output.imageCount,
      work: attention.multiplyAccumulates(inputs: [], outputs: [output.shape]) / max(output.imageCount, 1),
      threadCount: planner.threadCount)
    let scratch = planner.makeScratch(
      elementCount: windows.scratchCount.saturatingProduct(split.itemCount * output.imageCount))
    let suffix = attention.grids.isEmpty ? "" : " on grids"
    let name = "window attention \(planner.kernels.instructionSet.name)\(suffix)"
    planner.add(nodeName: node.name, inputs: [input], outputs: [output, scratch]) { operands in
      unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        for window in part.rows {
          unsafe windows.attend(
            window, operands[0].pointer(in: arena, image: part.image),
            operands[1].pointer(in: arena, image: part.image),
            scratch: operands[2].pointer(in: arena) + part.item * windows.scratchCount)
        }
      }
    }
    return true
  }
}

/// Windows whose attention multiplies floats.
private struct FloatWindows {
  let windows: Windows
  /// What stands in for pixels of the padding.
  let padding: Bytes
  let scale: Float?
  let grids: ScoreGrids
  let kernels: KernelSet

  private var keyLanes: Int { windows.biasStride }
  private var depthLanes: Int { (windows.depth + Layout.lane - 1) / Layout.lane * Layout.lane }

  /// Floats of one head's queries, keys, values and results.
  private var operandCount: Int { 3 * depthLanes * windows.tokens + windows.depth * keyLanes }

  /// And what the kernel needs.
  var scratchCount: Int {
    operandCount + Int(unsafe withUnsafePointer(to: shape) { unsafe mtlk_attention_memory($0) })
  }

  private var shape: mtlk_attention {
    let (tokens, depth) = (Int64(windows.tokens), Int64(windows.depth))
    var shape = mtlk_attention()
    (shape.keys, shape.depth, shape.value_blocks) = (tokens, depth, Int64(depthLanes / Layout.lane))
    shape.query_plane = tokens * Int64(Layout.lane)
    (shape.value_plane, shape.output_plane) = (shape.query_plane, shape.query_plane)
    (shape.bias_stride, shape.scale) = (Int64(keyLanes), scale ?? 1 / Float(depth).squareRoot())
    shape.round(to: grids)
    return shape
  }

  @unsafe func attend(
    _ window: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe padding.withUnsafeBytes { padding in
      guard let padding = unsafe padding.assumingMemoryBound(to: Float.self).baseAddress else { return }
      unsafe windows.forEachHead(of: window) { head, index, bias in
        unsafe attend(head, index, bias, padding, input, output, scratch)
      }
    }
  }

  @unsafe private func attend(
    _ head: Int, _ index: UnsafePointer<Int32>, _ bias: UnsafePointer<Float>, _ padding: UnsafePointer<Float>,
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ queries: UnsafeMutablePointer<Float>
  ) {
    let (tokens, depth, pixels) = (Int64(windows.tokens), Int64(windows.depth), Int64(windows.pixels))
    let values = unsafe queries + depthLanes * windows.tokens
    let results = unsafe values + depthLanes * windows.tokens
    let keys = unsafe results + depthLanes * windows.tokens
    func first(_ part: Int) -> Int { windows.firstChannel(part, head: head) }
    unsafe mtlk_gather(input, pixels, index, padding + first(0), Int64(first(0)), depth, tokens, queries)
    unsafe mtlk_gather_transposed(input, pixels, index, padding + first(1), Int64(first(1)), depth, tokens, keys)
    unsafe mtlk_gather(input, pixels, index, padding + first(2), Int64(first(2)), depth, tokens, values)
    var shape = shape
    unsafe kernels.functions.pointee.attention(
      &shape, queries, keys, values, bias, results, queries + operandCount, 0, tokens)
    unsafe mtlk_scatter(
      results, tokens, output, pixels, index, Int64(first(0)), depth, Int64(windows.heads * windows.depth))
  }
}

extension mtlk_attention {
  /// Has scores and weights rounded to these grids.
  mutating func round(to grids: ScoreGrids) {
    is_rounded = grids.isEmpty ? 0 : 1
    (product, score) = (mtlk_rounding(grids.product), mtlk_rounding(grids.score))
    (masked, weight) = (mtlk_rounding(grids.masked), mtlk_rounding(grids.weight))
  }
}

extension mtlk_rounding {
  fileprivate init(_ grid: ByteGrid?) {
    self.init()
    guard let grid else { return }
    (step, inverse_step, zero_point) = (grid.scale, grid.inverseScale, Int32(grid.zeroPoint))
  }
}
