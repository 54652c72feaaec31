import CMTLKernels
import MTLGraph

/// Convolutions of 3 x 3 taps without a stride, Winograd's way: tiles are transformed, multiplied position by position,
/// which is a convolution of single pixels, and transformed back.
@safe final class WinogradStep: Step {
  let kernelName: String
  private let kernels: KernelSet
  private let parts: [ConvolutionStep.Part]
  private let split: WinogradSplit
  private let scratch: Operand
  /// The bias of the products.
  private let zeros: Bytes

  init(
    kernels: KernelSet, parts: [ConvolutionStep.Part], split: WinogradSplit, scratch: Operand, kernelName: String
  ) {
    self.kernels = kernels
    self.parts = parts
    self.split = split
    self.scratch = scratch
    self.kernelName = kernelName
    let blocks = parts.reduce(0) { max($0, $1.output.buffer.blockCount) }
    zeros = Bytes(copying: [Float](repeating: 0, count: blocks * Layout.lane))
  }

  var itemCount: Int { split.itemCount }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let tiles = split.tileRange(item)
    var start = tiles.lowerBound
    while start < tiles.upperBound {
      let strip = split.strip(at: start, of: tiles)
      unsafe run(strip, item: item, arena)
      start += strip.tiles.count
    }
  }

  @unsafe private func run(_ strip: WinogradSplit.Strip, item: Int, _ arena: UnsafeMutableRawPointer) {
    let transformed = unsafe scratch.pointer(in: arena) + item * (split.transformedCount + split.productCount)
    let products = unsafe transformed + split.transformedCount
    let first = parts[strip.parts[0]]
    unsafe withUnsafePointer(to: first.window) { window in
      unsafe kernels.functions.pointee.winograd_input(
        window, first.input.pointer(in: arena, image: strip.image), transformed, Int32(strip.tiles.lowerBound),
        Int32(strip.tiles.upperBound))
    }
    for index in strip.parts {
      let part = parts[index]
      let blocks = unsafe split.blocks(
        item, of: part.output.buffer.blockCount, size: Int(kernels.functions.pointee.convolution_blocks))
      guard !blocks.isEmpty else { continue }
      unsafe multiply(part, transformed, products, blocks, tileCount: strip.tiles.count)
      unsafe finish(part, products, blocks, strip, arena)
    }
  }

  /// The positions are rows of an image whose columns are the tiles; each has weights of its own.
  @unsafe private func multiply(
    _ part: ConvolutionStep.Part, _ transformed: UnsafePointer<Float>, _ products: UnsafeMutablePointer<Float>,
    _ blocks: Range<Int>, tileCount: Int
  ) {
    let positions = Int(MTLK_WINOGRAD_POSITIONS)
    var window = mtlk_window()
    (window.input_rows, window.input_columns) = (Int32(positions), Int32(tileCount))
    (window.input_blocks, window.input_lane) = (part.window.input_blocks, Int32(Layout.lane))
    (window.output_rows, window.output_columns) = (Int32(positions), Int32(tileCount))
    (window.output_blocks, window.output_channels) = (Int32(blocks.count), Int32(blocks.count * Layout.lane))
    (window.kernel_rows, window.kernel_columns) = (1, 1)
    (window.stride_rows, window.stride_columns) = (1, 1)
    (window.dilation_rows, window.dilation_columns) = (1, 1)
    let blockWeights = Int(part.window.input_blocks) * Layout.lane * Layout.lane
    unsafe withFloats(part.weights.weights, zeros) { weights, zeros in
      for position in 0..<positions {
        let first = position * Int(part.window.output_blocks) + blocks.lowerBound
        unsafe convolve(
          kernels, window, transformed, weights + first * blockWeights, zeros, products, blocks: 0..<blocks.count,
          rows: position..<position + 1)
      }
    }
  }

  @unsafe private func finish(
    _ part: ConvolutionStep.Part, _ products: UnsafePointer<Float>, _ blocks: Range<Int>,
    _ strip: WinogradSplit.Strip, _ arena: UnsafeMutableRawPointer
  ) {
    unsafe withUnsafePointer(to: part.window) { window in
      unsafe part.weights.bias.withUnsafeBytes { bias in
        unsafe kernels.functions.pointee.winograd_output(
          window, products, bias.assumingMemoryBound(to: Float.self).baseAddress,
          part.operand.map { unsafe UnsafePointer($0.pointer(in: arena, image: strip.image)) },
          part.output.pointer(in: arena, image: strip.image), Int32(blocks.lowerBound), Int32(blocks.upperBound),
          Int32(strip.tiles.lowerBound), Int32(strip.tiles.upperBound))
      }
    }
  }
}
