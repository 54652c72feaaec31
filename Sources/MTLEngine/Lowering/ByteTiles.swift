import CMTLKernels
import MTLGraph

/// A convolution of bytes Winograd's way.
struct ByteTiles: WinogradPart {
  static var numbers: NumberFormat { .bytes }

  private let convolution: NarrowConvolutionStep.Part
  private let grids: mtlk_grids
  private let packed: PackedByteConvolution
  /// Input blocks whose products have sums that the kernel tells apart.
  private let exactBlocks: Int32

  /// None where it is one of halves.
  ///
  /// - Parameter tiles: all grids of tiles that it is done in.
  init?(_ convolution: NarrowConvolutionStep.Part, _ tiles: [mtlk_winograd]) {
    guard case .bytes(let grids, let packed) = convolution.product else { return nil }
    self.convolution = convolution
    self.grids = grids
    self.packed = packed
    let lostBits = tiles.map { Int(mtlk_winograd_lost_bits($0)) }
    // A block of 9 taps stays below 2^25, which is what the longest tiles leave.
    let largest = (1 << (31 - (lostBits.max() ?? 0))) - 1
    let fitting = largest / max(packed.largestBlockSum, 1)
    exactBlocks = Int32(min(max(fitting, 1), Int(convolution.window.input_blocks)))
  }

  var window: mtlk_window { convolution.window }

  @unsafe func transform(_ tiles: WinogradTiles, _ arena: UnsafeMutableRawPointer, _ kernels: KernelSet) {
    // Of several groups all is transformed at once.
    var window = window
    window.input_blocks = Int32(convolution.input.buffer.blockCount)
    unsafe withUnsafePointers(window, tiles.grid) { window, grid in
      unsafe kernels.functions.pointee.winograd_input_bytes(
        window, grid, grids.input_zero_point,
        UnsafeRawPointer(convolution.input.pointer(in: arena, image: tiles.image)).assumingMemoryBound(to: UInt8.self),
        UnsafeMutableRawPointer(tiles.transformed).assumingMemoryBound(to: Int16.self),
        UnsafeMutableRawPointer(tiles.work).assumingMemoryBound(to: Int16.self), tiles.tiles.lowerBound,
        tiles.tiles.upperBound)
    }
  }

  @unsafe func multiply(
    _ tiles: WinogradTiles, blocks: Range<Int32>, _ arena: UnsafeMutableRawPointer, _ kernels: KernelSet
  ) {
    for slice in packed.slices.all {
      let own = blocks.clamped(to: Int32(slice.outputBlocks.lowerBound)..<Int32(slice.outputBlocks.upperBound))
      if !own.isEmpty { unsafe multiply(tiles, slice, blocks: own, arena, kernels) }
    }
  }

  @unsafe private func multiply(
    _ tiles: WinogradTiles, _ slice: ChannelSlices.Slice, blocks: Range<Int32>, _ arena: UnsafeMutableRawPointer,
    _ kernels: KernelSet
  ) {
    var grids = grids
    grids.input_channels = Int32(slice.channelCount)
    let (block, lane) = slice.firstChannel.quotientAndRemainder(dividingBy: Int(MTLK_BYTE_LANE))
    let blockSize = tiles.grid.positionCount * tiles.tiles.count * Int(MTLK_BYTE_LANE)
    let transformed =
      unsafe UnsafeRawPointer(tiles.transformed).assumingMemoryBound(to: Int16.self) + block * blockSize + lane
    unsafe withUnsafePointers(window, tiles.grid) { window, grid in
      unsafe withUnsafePointer(to: grids) { grids in
        unsafe packed.weights.withUnsafeBytes { numbers in
          unsafe withFloats(packed.factors.multipliers, packed.factors.bias) { multipliers, bias in
            unsafe kernels.functions.pointee.winograd_output_bytes(
              window, grid, grids, exactBlocks, transformed, numbers.assumingMemoryBound(to: Int8.self).baseAddress,
              multipliers, bias,
              convolution.operand.map { unsafe UnsafeRawPointer($0.pointer(in: arena, image: tiles.image)) },
              convolution.output.pointer(in: arena, image: tiles.image),
              UnsafeMutableRawPointer(tiles.work).assumingMemoryBound(to: Int32.self), blocks.lowerBound,
              blocks.upperBound, tiles.tiles.lowerBound, tiles.tiles.upperBound)
          }
        }
      }
    }
  }
}
