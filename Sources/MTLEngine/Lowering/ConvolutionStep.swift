import CMTLKernels
import MTLGraph

/// One or more convolutions of one geometry. Items are pieces of output blocks and rows; those of all parts and images
/// alternate, so that what shares weights or an input meets it in the cache.
final class ConvolutionStep: Step {
  struct Part {
    let window: mtlk_window
    let weights: PackedConvolution
    let input: Operand
    /// What is added or multiplied in the end.
    let operand: Operand?
    let output: Operand
    /// Multiply-accumulates of one image.
    let work: Int
  }

  private struct Item {
    let part: Int
    let image: Int
    let blocks: Range<Int>
    let rows: Range<Int>
  }

  let kernelName: String
  private let kernels: KernelSet
  private let parts: [Part]
  private let items: [Item]

  init(kernels: KernelSet, parts: [Part], threadCount: Int, kernelName: String) {
    self.kernels = kernels
    self.parts = parts
    self.kernelName = kernelName
    items = unsafe ConvolutionStep.items(
      parts, threadCount: threadCount, groupSize: Int(kernels.functions.pointee.convolution_blocks))
  }

  /// A convolution of single pixels reads its whole input for each group of outputs: in strips that stay in the
  /// second-level cache meanwhile.
  private static func stripsWanted(_ window: mtlk_window) -> Int {
    guard window.kernel_rows * window.kernel_columns == 1, window.stride_rows == 1, window.output_blocks > 8 else {
      return 1
    }
    let pixels = Int(window.input_rows) * Int(window.input_columns)
    let bytes = pixels * Int(window.input_blocks) * Layout.lane * MemoryLayout<Float>.size
    return (bytes + stripByteLimit - 1) / stripByteLimit
  }

  private static let stripByteLimit = 640 << 10

  private static func items(_ parts: [Part], threadCount: Int, groupSize: Int) -> [Item] {
    let images = parts.reduce(0) { $0 + $1.output.buffer.imageCount }
    let splits = parts.map { part in
      WorkSplit(
        groupCount: (part.output.buffer.blockCount + groupSize - 1) / groupSize,
        rowCount: Int(part.window.output_rows), stripsWanted: stripsWanted(part.window), images: images,
        work: part.work, threadCount: threadCount)
    }
    var items: [Item] = []
    for position in 0..<(splits.map(\.itemCount).max() ?? 0) {
      for (index, part) in parts.enumerated() where position < splits[index].itemCount {
        let groups = splits[index].groupRange(position)
        let end = min(groups.upperBound * groupSize, part.output.buffer.blockCount)
        for image in 0..<part.output.buffer.imageCount {
          items.append(
            Item(
              part: index, image: image, blocks: groups.lowerBound * groupSize..<end,
              rows: splits[index].rowRange(position)))
        }
      }
    }
    return items
  }

  var itemCount: Int { items.count }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let item = items[item]
    let part = parts[item.part]
    unsafe withUnsafePointer(to: part.window) { window in
      unsafe part.weights.weights.withUnsafeBytes { weights in
        unsafe part.weights.bias.withUnsafeBytes { bias in
          unsafe kernels.functions.pointee.convolution(
            window, part.input.pointer(in: arena, image: item.image),
            weights.assumingMemoryBound(to: Float.self).baseAddress,
            bias.assumingMemoryBound(to: Float.self).baseAddress,
            part.operand.map { unsafe UnsafePointer($0.pointer(in: arena, image: item.image)) },
            part.output.pointer(in: arena, image: item.image), Int32(item.blocks.lowerBound),
            Int32(item.blocks.upperBound), Int32(item.rows.lowerBound), Int32(item.rows.upperBound))
        }
      }
    }
  }
}
