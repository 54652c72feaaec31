import CMTLKernels

/// Who does which tiles of one grid, for convolutions of one geometry.
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

  let grid: mtlk_winograd
  /// Parts on one input, which share its transformed tiles.
  private let inputs: [[Int]]
  /// Of one image, and of all images of all inputs.
  private let tileCount: Int
  private let totalCount: Int
  private let longestStrip: Int
  /// Items divide the tiles into these pieces, and the output blocks as well where there are few tiles.
  private let tilePieces: Int
  private let blockPieces: Int
  /// Floats that each item needs for transformed tiles, and for scratch memory of the kernels behind them.
  let transformedCount: Int
  let workCount: Int

  var itemCount: Int { tilePieces * blockPieces }

  /// A strip's weights are transformed for it alone, which long strips make cheap, as long as the products stay in the
  /// second-level cache and the transformed input of all items in the third.
  static let longestProducts = 4400
  private static let transformedByteLimit = 16 << 20
  private static let shortestPiece = (tiles: 48, blocks: 6)

  /// - Parameter numbers: of the input, floats or bytes.
  init(_ grid: mtlk_winograd, _ parts: [Part], _ numbers: NumberFormat, threadCount: Int) {
    var inputs: [[Int]] = []
    for index in parts.indices {
      if let known = inputs.firstIndex(where: { parts[$0[0]].input == parts[index].input }) {
        inputs[known].append(index)
      } else {
        inputs.append([index])
      }
    }
    self.grid = grid
    self.inputs = inputs
    tileCount = grid.tileCount
    totalCount = tileCount.saturatingProduct(inputs.count.saturatingProduct(parts[0].input.imageCount))
    let blocks = parts.reduce(1) { max($0, Int($1.window.output_blocks)) }
    (tilePieces, blockPieces) = WinogradSplit.pieces(
      tiles: totalCount / WinogradSplit.shortestPiece.tiles, blocks: blocks / WinogradSplit.shortestPiece.blocks,
      threadCount: threadCount)
    // Bytes become blocks of 64 numbers of 16 bits; in groups, all of the input is transformed.
    let blockFloats = numbers == .bytes ? Int(MTLK_BYTE_LANE) / 2 : Layout.lane
    let tileFloats = parts[0].input.blockCount * grid.positionCount * blockFloats
    let byteLimit = WinogradSplit.transformedByteLimit / (tilePieces * blockPieces)
    let longest = min(
      WinogradSplit.longestProducts / grid.positionCount,
      max(WinogradSplit.shortestPiece.tiles / 2, byteLimit / (tileFloats * MemoryLayout<Float>.size)))
    longestStrip = min(longest, tileCount, totalCount / tilePieces + 1)
    transformedCount = tileFloats * longestStrip
    let strip = Int64(longestStrip)
    let (output, input) =
      switch numbers {
      case .bytes:
        (
          mtlk_winograd_byte_scratch(grid, strip, Int64(parts[0].window.output_columns)),
          mtlk_winograd_byte_input_scratch(grid, strip)
        )
      case .floats, .halves:
        (mtlk_winograd_scratch(Int64(grid.positionCount), strip), mtlk_winograd_input_scratch(grid, strip))
      }
    workCount = Int(max(output, input))
  }

  /// As many pieces as there are threads, or as many as may be of less: more would transform more weights, and each has
  /// memory of its own, which has to stay in the third-level cache together. Rather those of tiles, whose input is then
  /// transformed once.
  private static func pieces(tiles: Int, blocks: Int, threadCount: Int) -> (tiles: Int, blocks: Int) {
    for count in stride(from: threadCount, to: 1, by: -1) {
      for pieces in stride(from: min(count, max(tiles, 1)), to: 0, by: -1)
      where count % pieces == 0 && count / pieces <= max(blocks, 1) {
        return (pieces, count / pieces)
      }
    }
    return (1, 1)
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

extension [WinogradSplit] {
  var itemCount: Int { map(\.itemCount).max() ?? 0 }
  /// Floats of scratch memory that each item needs.
  var itemFloats: Int { map { $0.transformedCount + $0.workCount }.max() ?? 0 }
  var scratchCount: Int { itemCount.saturatingProduct(itemFloats) }
}
