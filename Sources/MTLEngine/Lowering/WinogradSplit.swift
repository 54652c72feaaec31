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

  /// Parts on one input, which share its transformed tiles.
  private let inputs: [[Int]]
  /// Of one image, and of all images of all inputs.
  private let tileCount: Int
  private let totalCount: Int
  private let longestStrip: Int
  /// Items divide the tiles into these pieces, and the output blocks as well where there are few tiles.
  private let tilePieces: Int
  let blockPieces: Int
  /// Floats that each item needs for transformed tiles, and for their products behind them.
  let transformedCount: Int
  let productCount: Int

  var itemCount: Int { tilePieces * blockPieces }
  var scratchCount: Int { itemCount.saturatingProduct(transformedCount + productCount) }

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
    var inputs: [[Int]] = []
    for index in parts.indices {
      if let known = inputs.firstIndex(where: { parts[$0[0]].input == parts[index].input }) {
        inputs[known].append(index)
      } else {
        inputs.append([index])
      }
    }
    self.inputs = inputs
    let window = parts[0].window
    tileCount = WinogradSplit.tileCount(window)
    totalCount = tileCount.saturatingProduct(inputs.count.saturatingProduct(parts[0].input.imageCount))
    let blocks = parts.reduce(1) { max($0, Int($1.window.output_blocks)) }
    let useful = threadCount == 1 ? 1 : 2 * threadCount
    tilePieces = max(1, min(useful, totalCount / WinogradSplit.shortestPiece.tiles))
    blockPieces = max(1, min(useful / tilePieces, blocks / WinogradSplit.shortestPiece.blocks))
    let tileFloats = Int(MTLK_WINOGRAD_POSITIONS) * Layout.lane
    let tileBytes = (Int(window.input_blocks) + blocks) * tileFloats * MemoryLayout<Float>.size
    let longest = min(WinogradSplit.longestStrip, max(1, WinogradSplit.stripByteLimit / tileBytes))
    longestStrip = min(longest, tileCount, totalCount / tilePieces + 1)
    transformedCount = Int(window.input_blocks) * tileFloats * longestStrip
    productCount = blocks * tileFloats * longestStrip
  }

  /// An item's tiles, counted over all images of all inputs.
  func tileRange(_ item: Int) -> Range<Int> {
    let piece = item / blockPieces
    let (size, rest) = totalCount.quotientAndRemainder(dividingBy: tilePieces)
    let start = piece * size + min(piece, rest)
    return start..<start + size + (piece < rest ? 1 : 0)
  }

  /// An item's strip that begins with tile `start`; those of one image are equally long.
  func strip(at start: Int, of range: Range<Int>) -> Strip {
    let (image, first) = start.quotientAndRemainder(dividingBy: tileCount)
    let left = min(tileCount - first, range.upperBound - start)
    let strips = (left + longestStrip - 1) / longestStrip
    return Strip(
      parts: inputs[image % inputs.count], image: image / inputs.count,
      tiles: first..<first + (left + strips - 1) / strips)
  }

  /// The output blocks of an item, in groups of `size` that the kernel computes together.
  func blocks(_ item: Int, of count: Int, size: Int) -> Range<Int> {
    let (piece, groups) = (item % blockPieces, (count + size - 1) / size)
    let start = min(piece * groups / blockPieces * size, count)
    return start..<min((piece + 1) * groups / blockPieces * size, count)
  }
}
