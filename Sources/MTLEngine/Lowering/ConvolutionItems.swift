import CMTLKernels
import Glibc

/// How convolutions of one step are cut: pieces of output blocks and rows; those of all parts and images alternate, so that
/// what shares weights or an input meets it in the cache.
struct ConvolutionItems {
  struct Part {
    let window: mtlk_window
    let images: Int
    /// Multiply-accumulates of one image.
    let work: Int
  }

  struct Item {
    let part: Int
    let image: Int
    let blocks: Range<Int>
    let rows: Range<Int>
  }

  private let items: [Item]

  var count: Int { items.count }
  subscript(index: Int) -> Item { items[index] }

  /// - Parameter groupSize: output blocks that a kernel computes together.
  init(_ parts: [Part], groupSize: Int, threadCount: Int) {
    let images = parts.reduce(0) { $0 + $1.images }
    let splits = parts.map { part in
      WorkSplit(
        groupCount: (Int(part.window.output_blocks) + groupSize - 1) / groupSize,
        rowCount: Int(part.window.output_rows), stripsWanted: ConvolutionItems.stripsWanted(part.window),
        images: images, work: part.work, threadCount: threadCount)
    }
    var items: [Item] = []
    for position in 0..<(splits.map(\.itemCount).max() ?? 0) {
      for (index, part) in parts.enumerated() where position < splits[index].itemCount {
        let groups = splits[index].groupRange(position)
        let end = min(groups.upperBound * groupSize, Int(part.window.output_blocks))
        for image in 0..<part.images {
          items.append(
            Item(
              part: index, image: image, blocks: groups.lowerBound * groupSize..<end,
              rows: splits[index].rowRange(position)))
        }
      }
    }
    self.items = items
  }

  /// A convolution of single pixels reads its whole input for each group of outputs: in strips that stay in the
  /// second-level cache meanwhile.
  private static func stripsWanted(_ window: mtlk_window) -> Int {
    guard window.kernel_rows * window.kernel_columns == 1, window.stride_rows == 1, window.output_blocks > 8 else {
      return 1
    }
    let pixels = Int(window.input_rows) * Int(window.input_columns)
    // Blocks of floats and of bytes are equally long.
    let bytes = pixels * Int(window.input_blocks) * Layout.lane * MemoryLayout<Float>.size
    return (bytes + stripByteLimit - 1) / stripByteLimit
  }

  /// Half of the second-level cache; the other half is for weights and outputs. Where the system does not say how large
  /// it is, as many ARM processors' do not, it is taken for 1 MiB.
  private static let stripByteLimit = {
    let cache = sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))
    return min(max(cache > 0 ? cache : 1 << 20, 256 << 10), 4 << 20) / 2
  }()
}
