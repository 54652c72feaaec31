import CMTLKernels
import MTLGraph

/// Convolutions without a stride, Winograd's way: tiles are transformed, multiplied position by position, and
/// transformed back, one grid of tiles after the other.
@safe final class WinogradStep<Part: WinogradPart>: Step {
  let kernelName: String
  private let kernels: KernelSet
  private let parts: [Part]
  private let splits: [WinogradSplit]
  private let scratch: Operand
  private let itemFloats: Int

  init(kernels: KernelSet, parts: [Part], splits: [WinogradSplit], scratch: Operand, kernelName: String) {
    self.kernels = kernels
    self.parts = parts
    self.splits = splits
    self.scratch = scratch
    self.kernelName = kernelName
    itemFloats = splits.itemFloats
    itemCount = splits.itemCount
  }

  /// An item does its share of every grid, so that they use one memory in turn.
  let itemCount: Int

  var numbers: NumberFormat { Part.numbers }

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
    let tiles = unsafe WinogradTiles(
      grid: split.grid, image: strip.image,
      tiles: Int32(strip.tiles.lowerBound)..<Int32(strip.tiles.upperBound),
      transformed: transformed, work: transformed + split.transformedCount)
    unsafe parts[strip.parts[0]].transform(tiles, arena, kernels)
    for index in strip.parts {
      let part = parts[index]
      let blocks = split.blocks(
        item, of: Int(part.window.output_blocks), size: kernels.blocksComputedTogether(Part.numbers, inTiles: true))
      unsafe part.multiply(tiles, blocks: Int32(blocks.lowerBound)..<Int32(blocks.upperBound), arena, kernels)
    }
  }
}

/// Tiles of one image, and memory for them.
@unsafe struct WinogradTiles {
  let grid: mtlk_winograd
  let image: Int
  let tiles: Range<Int32>
  /// The transformed input.
  let transformed: UnsafeMutablePointer<Float>
  /// What the kernels compute with.
  let work: UnsafeMutablePointer<Float>
}

/// One convolution of such a step.
protocol WinogradPart {
  static var numbers: NumberFormat { get }
  var window: mtlk_window { get }

  @unsafe func transform(_ tiles: WinogradTiles, _ arena: UnsafeMutableRawPointer, _ kernels: KernelSet)
  /// What becomes of the transformed tiles in some blocks of outputs.
  @unsafe func multiply(
    _ tiles: WinogradTiles, blocks: Range<Int32>, _ arena: UnsafeMutableRawPointer, _ kernels: KernelSet)
}

extension ConvolutionStep.Part: WinogradPart {
  static var numbers: NumberFormat { .floats }

  @unsafe func transform(_ tiles: WinogradTiles, _ arena: UnsafeMutableRawPointer, _ kernels: KernelSet) {
    unsafe withUnsafePointers(window, tiles.grid) { window, grid in
      unsafe kernels.functions.pointee.winograd_input(
        window, grid, input.pointer(in: arena, image: tiles.image), tiles.transformed, tiles.work,
        tiles.tiles.lowerBound, tiles.tiles.upperBound)
    }
  }

  @unsafe func multiply(
    _ tiles: WinogradTiles, blocks: Range<Int32>, _ arena: UnsafeMutableRawPointer, _ kernels: KernelSet
  ) {
    unsafe withUnsafePointers(window, tiles.grid) { window, grid in
      unsafe withFloats(weights.weights, weights.bias) { weights, bias in
        unsafe kernels.functions.pointee.winograd_output(
          window, grid, tiles.transformed, weights, bias,
          operand.map { unsafe UnsafePointer($0.pointer(in: arena, image: tiles.image)) },
          output.pointer(in: arena, image: tiles.image), tiles.work, blocks.lowerBound, blocks.upperBound,
          tiles.tiles.lowerBound, tiles.tiles.upperBound)
      }
    }
  }
}

/// Two structures as C takes them.
@unsafe func withUnsafePointers<First, Second>(
  _ first: First, _ second: Second, _ body: (UnsafePointer<First>, UnsafePointer<Second>) -> Void
) {
  unsafe withUnsafePointer(to: first) { first in
    unsafe withUnsafePointer(to: second) { second in unsafe body(first, second) }
  }
}
