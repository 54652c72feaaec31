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
    let windows = try Windows(attention, output, bias: bias.floats(), padding: padding.floats(), planner.kernels)
    let split = WorkSplit(
      groupCount: 1, rowCount: windows.count, images: output.imageCount,
      work: attention.multiplyAccumulates(inputs: [], outputs: [output.shape]) / max(output.imageCount, 1),
      threadCount: planner.threadCount)
    let scratch = planner.makeScratch(
      elementCount: windows.scratchCount.saturatingProduct(split.itemCount * output.imageCount))
    let name = "window attention \(planner.kernels.instructionSet.name)"
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

/// The windows of an image of one size.
private struct Windows {
  let count: Int
  private let tokens: Int
  private let heads: Int
  private let depth: Int
  private let pixels: Int
  private let kernels: KernelSet
  /// The pixel of each token, -1 in the padding: [window][token].
  private let places: Bytes
  /// Bias and mask, [pattern][head][query][padded key], and the pattern of each window.
  private let biases: Bytes
  private let patterns: [Int]
  private let padding: Bytes

  init(
    _ attention: WindowAttention, _ output: Buffer, bias: [Float], padding: [Float], _ kernels: KernelSet
  ) throws(MTLError) {
    let grid = attention.grid(rows: output.shape[2], columns: output.shape[3])
    count = grid.windowCount
    tokens = attention.tokenCount
    heads = attention.heads
    depth = output.shape[1] / heads
    pixels = output.pixelCount
    self.kernels = kernels
    self.padding = Bytes(copying: padding)
    var places: [Int32] = []
    var regions: [[Int]] = []
    var patterns: [Int] = []
    for window in 0..<count {
      let tokens = (0..<tokens).map { grid.place(window: window, token: $0) }
      places += tokens.map { Int32($0.pixel ?? -1) }
      let pattern = tokens.map(\.region)
      patterns.append(regions.firstIndex(of: pattern) ?? regions.count)
      if patterns[window] == regions.count { regions.append(pattern) }
    }
    self.places = Bytes(copying: places)
    self.patterns = patterns
    biases = try Windows.masked(bias, heads: heads, tokens: tokens, regions)
  }

  /// The bias of every head under the mask of each pattern of regions: tokens of different ones do not see each other.
  private static func masked(
    _ bias: [Float], heads: Int, tokens: Int, _ regions: [[Int]]
  ) throws(MTLError) -> Bytes {
    let stride = (tokens + Layout.lane - 1) / Layout.lane * Layout.lane
    let byteCount = (regions.count * heads * tokens).saturatingProduct(stride * MemoryLayout<Float>.size)
    return try unsafe Bytes(byteCount: byteCount) { memory in
      let target = unsafe memory.assumingMemoryBound(to: Float.self)
      unsafe target.initialize(repeating: 0)
      for (index, region) in regions.enumerated() {
        for row in 0..<heads * tokens {
          for key in 0..<tokens {
            let isSeen = region[key] == region[row % tokens]
            unsafe target[(index * heads * tokens + row) * stride + key] =
              bias[row * tokens + key] + (isSeen ? 0 : -100)
          }
        }
      }
    }
  }

  private var keyLanes: Int { (tokens + Layout.lane - 1) / Layout.lane * Layout.lane }
  private var depthLanes: Int { (depth + Layout.lane - 1) / Layout.lane * Layout.lane }

  /// Floats of one head's queries, keys, values and results.
  var scratchCount: Int { 3 * depthLanes * tokens + depth * keyLanes }

  @unsafe func attend(
    _ window: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    unsafe places.withUnsafeBytes { places in
      unsafe withFloats(biases, padding) { biases, padding in
        let index = unsafe places.assumingMemoryBound(to: Int32.self).baseAddress.map { unsafe $0 + window * tokens }
        for head in 0..<heads {
          let bias = unsafe biases + (patterns[window] * heads + head) * tokens * keyLanes
          unsafe attend(head, index, bias, padding, input, output, scratch)
        }
      }
    }
  }

  @unsafe private func attend(
    _ head: Int, _ index: UnsafePointer<Int32>?, _ bias: UnsafePointer<Float>, _ padding: UnsafePointer<Float>,
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ queries: UnsafeMutablePointer<Float>
  ) {
    let values = unsafe queries + depthLanes * tokens
    let results = unsafe values + depthLanes * tokens
    let keys = unsafe results + depthLanes * tokens
    let channels = heads * depth
    func first(_ part: Int) -> Int { part * channels + head * depth }
    unsafe mtlk_gather(
      input, Int64(pixels), index, padding + first(0), Int64(first(0)), Int64(depth), Int64(tokens), queries)
    unsafe mtlk_gather_transposed(
      input, Int64(pixels), index, padding + first(1), Int64(first(1)), Int64(depth), Int64(tokens), keys)
    unsafe mtlk_gather(
      input, Int64(pixels), index, padding + first(2), Int64(first(2)), Int64(depth), Int64(tokens), values)
    var shape = mtlk_attention()
    (shape.keys, shape.depth, shape.value_blocks) = (Int64(tokens), Int64(depth), Int64(depthLanes / Layout.lane))
    shape.query_plane = Int64(tokens * Layout.lane)
    (shape.value_plane, shape.output_plane) = (shape.query_plane, shape.query_plane)
    (shape.bias_stride, shape.scale) = (Int64(keyLanes), 1 / Float(depth).squareRoot())
    unsafe kernels.functions.pointee.attention(&shape, queries, keys, values, bias, results, 0, Int64(tokens))
    unsafe mtlk_scatter(
      results, Int64(tokens), output, Int64(pixels), index, Int64(head * depth), Int64(depth), Int64(channels))
  }
}
