import CMTLKernels
import MTLGraph

/// Convolutions without a stride, Winograd's way: tiles are transformed, multiplied position by position, and
/// transformed back, one grid of tiles after the other.
@safe final class WinogradStep: Step {
  let kernelName: String
  private let kernels: KernelSet
  private let parts: [ConvolutionStep.Part]
  private let splits: [WinogradSplit]
  private let scratch: Operand
  private let itemFloats: Int

  init(
    kernels: KernelSet, parts: [ConvolutionStep.Part], splits: [WinogradSplit], scratch: Operand, kernelName: String
  ) {
    self.kernels = kernels
    self.parts = parts
    self.splits = splits
    self.scratch = scratch
    self.kernelName = kernelName
    itemFloats = WinogradStep.itemFloats(splits)
    itemCount = WinogradStep.itemCount(splits)
  }

  /// An item does its share of every grid, so that they use one memory in turn.
  let itemCount: Int

  private static func itemCount(_ splits: [WinogradSplit]) -> Int { splits.map(\.itemCount).max() ?? 0 }
  private static func itemFloats(_ splits: [WinogradSplit]) -> Int {
    splits.map { $0.transformedCount + $0.workCount }.max() ?? 0
  }

  /// Floats of scratch memory that the step needs.
  static func scratchCount(_ splits: [WinogradSplit]) -> Int {
    itemCount(splits).saturatingProduct(itemFloats(splits))
  }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    for split in splits where item < split.itemCount {
      let tiles = split.tileRange(item)
      var start = tiles.lowerBound
      while start < tiles.upperBound {
        let strip = split.strip(at: start, of: tiles)
        unsafe run(strip, of: split, item: item, arena)
        start += strip.tiles.count
      }
    }
  }

  @unsafe private func run(
    _ strip: WinogradSplit.Strip, of split: WinogradSplit, item: Int, _ arena: UnsafeMutableRawPointer
  ) {
    let transformed = unsafe scratch.pointer(in: arena) + item * itemFloats
    let work = unsafe transformed + split.transformedCount
    let (first, end) = (Int32(strip.tiles.lowerBound), Int32(strip.tiles.upperBound))
    unsafe withUnsafePointer(to: split.grid) { grid in
      let input = parts[strip.parts[0]]
      unsafe withUnsafePointer(to: input.window) { window in
        unsafe kernels.functions.pointee.winograd_input(
          window, grid, input.input.pointer(in: arena, image: strip.image), transformed, work, first, end)
      }
      for index in strip.parts {
        let part = parts[index]
        let blocks = unsafe split.blocks(
          item, of: part.output.buffer.blockCount, size: Int(kernels.functions.pointee.convolution_blocks))
        unsafe withUnsafePointer(to: part.window) { window in
          unsafe withFloats(part.weights.weights, part.weights.bias) { weights, bias in
            unsafe kernels.functions.pointee.winograd_output(
              window, grid, transformed, weights, bias,
              part.operand.map { unsafe UnsafePointer($0.pointer(in: arena, image: strip.image)) },
              part.output.pointer(in: arena, image: strip.image), work, Int32(blocks.lowerBound),
              Int32(blocks.upperBound), first, end)
          }
        }
      }
    }
  }
}
