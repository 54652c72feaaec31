import MTLGraph

/// The windows of an image of one size: which pixel each token is, and what is added to scores.
struct Windows {
  let count: Int
  let tokens: Int
  let heads: Int
  let depth: Int
  let pixels: Int
  /// Floats from the bias of one query to that of the next.
  let biasStride: Int
  /// The pixel of each token, -1 in the padding: [window][token].
  private let places: Bytes
  /// Bias and mask, [pattern][head][query][key], and the pattern of each window.
  private let biases: Bytes
  private let patterns: [Int]

  /// - Parameter lane: rows of biases are readable up to whole blocks of so many keys.
  init(_ attention: WindowAttention, _ output: Buffer, bias: [Float], lane: Int) throws(MTLError) {
    let grid = attention.grid(rows: output.shape[2], columns: output.shape[3])
    count = grid.windowCount
    tokens = attention.tokenCount
    heads = attention.heads
    depth = output.shape[1] / heads
    pixels = output.pixelCount
    biasStride = (tokens + lane - 1) / lane * lane
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
    biases = try Windows.masked(
      bias, heads: heads, tokens: tokens, stride: biasStride, regions,
      unseen: attention.grids.isEmpty ? -100 : -.infinity)
  }

  /// The bias of every head under the mask of each pattern of regions: tokens of different ones do not see each other.
  private static func masked(
    _ bias: [Float], heads: Int, tokens: Int, stride: Int, _ regions: [[Int]], unseen: Float
  ) throws(MTLError) -> Bytes {
    let byteCount = (regions.count * heads * tokens).saturatingProduct(stride * MemoryLayout<Float>.size)
    return try unsafe Bytes(byteCount: byteCount) { memory in
      let target = unsafe memory.assumingMemoryBound(to: Float.self)
      unsafe target.initialize(repeating: 0)
      for (index, region) in regions.enumerated() {
        for row in 0..<heads * tokens {
          for key in 0..<tokens {
            let isSeen = region[key] == region[row % tokens]
            unsafe target[(index * heads * tokens + row) * stride + key] =
              bias[row * tokens + key] + (isSeen ? 0 : unseen)
          }
        }
      }
    }
  }

  /// The first of the queries', of the keys' or of the values' channels that belong to a head.
  func firstChannel(_ part: Int, head: Int) -> Int { (part * heads + head) * depth }

  /// Calls `body` with each head of a window: its number, the tokens' pixels and its biases.
  @unsafe func forEachHead(
    of window: Int, _ body: (Int, UnsafePointer<Int32>, UnsafePointer<Float>) -> Void
  ) {
    unsafe places.withUnsafeBytes { places in
      unsafe biases.withUnsafeBytes { biases in
        guard let index = unsafe places.assumingMemoryBound(to: Int32.self).baseAddress,
          let bias = unsafe biases.assumingMemoryBound(to: Float.self).baseAddress
        else { return }
        for head in 0..<heads {
          unsafe body(
            head, index + window * tokens, bias + (patterns[window] * heads + head) * tokens * biasStride)
        }
      }
    }
  }
}
