import CMTLKernels

/// How convolutions of one geometry are done Winograd's way: whether that pays, and who does which tiles.
struct WinogradSplit {
  struct Part {
    let window: mtlk_window
    let input: Buffer
  }

  /// Some tiles of one image, for all parts that read this input.
  struct Strip {
    let parts: [Int]
    let image: Int
    let tiles: Range<Int>
  }

  /// By item: its strips one after another, and which of `blockPieces` pieces of the output blocks it computes.
  private(set) var items: [(strips: [Strip], piece: Int)] = []
  let blockPieces: Int
  /// Floats that each item needs for transformed tiles, and for their products behind them.
  let transformedCount: Int
  let productCount: Int

  var scratchCount: Int { items.count.saturatingProduct(transformedCount + productCount) }

  /// An item reads all its weights once for each strip: long strips make that cheap, as long as they stay in the caches.
  private static let longestStrip = 240
  private static let stripByteLimit = 16 << 20
  private static let shortestPiece = (tiles: 48, blocks: 4)

  /// By geometry alone, so that every instruction set does the same. Few tiles wait for their weights; of large dilations
  /// the direct kernel skips most taps. Transforms cost what the factor 7 / 5 says.
  static func pays(_ window: mtlk_window) -> Bool {
    let isPlain = [window.stride_rows, window.stride_columns].allSatisfy { $0 == 1 }
    guard isPlain, window.kernel_rows == 3, window.kernel_columns == 3, window.input_lane == MTLK_LANE,
      window.input_blocks >= 2, window.output_channels >= 32
    else { return false }
    let tiles = tileCount(window)
    let taps =
      insideTaps(window.output_rows, window.input_rows, window.dilation_rows, window.padding_top)
      * insideTaps(window.output_columns, window.input_columns, window.dilation_columns, window.padding_left)
    return tiles >= 24 && 5 * taps >= 7 * tiles * Int(MTLK_WINOGRAD_POSITIONS)
  }

  /// Taps along one axis, of all outputs together, that lie inside the image.
  private static func insideTaps(_ outputs: Int32, _ inputs: Int32, _ dilation: Int32, _ padding: Int32) -> Int {
    (0..<3).reduce(0) { sum, tap in
      let shift = Int32(tap) * dilation - padding
      return sum + max(0, Int(min(outputs, inputs - shift) - max(0, -shift)))
    }
  }

  private static func tileCount(_ window: mtlk_window) -> Int {
    Int(mtlk_winograd_tiles(window.output_rows, window.dilation_rows))
      * Int(mtlk_winograd_tiles(window.output_columns, window.dilation_columns))
  }

  init(_ parts: [Part], threadCount: Int) {
    // Parts on one input share its transformed tiles.
    var sets: [[Int]] = []
    for index in parts.indices {
      if let known = sets.firstIndex(where: { parts[$0[0]].input == parts[index].input }) {
        sets[known].append(index)
      } else {
        sets.append([index])
      }
    }
    let window = parts[0].window
    let (images, tiles) = (parts[0].input.imageCount, WinogradSplit.tileCount(window))
    let blocks = parts.reduce(1) { max($0, Int($1.window.output_blocks)) }
    let total = sets.count * images * tiles
    let useful = threadCount == 1 ? 1 : 2 * threadCount
    let pieces = max(1, min(useful, total / WinogradSplit.shortestPiece.tiles))
    blockPieces = max(1, min(useful / pieces, blocks / WinogradSplit.shortestPiece.blocks))
    let tileFloats = Int(MTLK_WINOGRAD_POSITIONS) * Layout.lane
    let tileBytes = (Int(window.input_blocks) + blocks) * tileFloats * MemoryLayout<Float>.size
    let longest = min(WinogradSplit.longestStrip, max(1, WinogradSplit.stripByteLimit / tileBytes))
    let strip = min(longest, (total + pieces - 1) / pieces, tiles)
    transformedCount = Int(window.input_blocks) * tileFloats * strip
    productCount = blocks * tileFloats * strip
    for piece in 0..<pieces {
      let range = piece * total / pieces..<(piece + 1) * total / pieces
      let strips = WinogradSplit.strips(range, sets, tiles: tiles, longest: strip)
      for blockPiece in 0..<blockPieces { items.append((strips, blockPiece)) }
    }
  }

  /// Cuts a range of all tiles of all images of all inputs.
  private static func strips(_ range: Range<Int>, _ sets: [[Int]], tiles: Int, longest: Int) -> [Strip] {
    var result: [Strip] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let (image, first) = start.quotientAndRemainder(dividingBy: tiles)
      let count = min(tiles - first, range.upperBound - start)
      let pieces = (count + longest - 1) / longest
      for piece in 0..<pieces {
        let bounds = first + piece * count / pieces..<first + (piece + 1) * count / pieces
        result.append(Strip(parts: sets[image % sets.count], image: image / sets.count, tiles: bounds))
      }
      start += count
    }
    return result
  }
}
