import CMTLKernels
import MTLGraph

/// A convolution's weights for one of the kernels of narrow numbers, and what the numbers of its input, operand and output
/// are.
enum NarrowProduct {
  case bytes(mtlk_grids, PackedByteConvolution)
  case halves(mtlk_halves, PackedHalfConvolution)

  /// - Parameter channels: of the input.
  init(
    _ node: Node, _ weight: Tensor, _ taps: LiveTaps, channels: Int, input: Layout, operand: Layout?, output: Layout,
    in planner: Planner
  ) throws(MTLError) {
    guard let grid = input.grid else {
      let forms = mtlk_halves(
        input_channels: Int32(channels), operand_is_half: operand?.numbers == .halves ? 1 : 0,
        output_is_half: output.numbers == .halves ? 1 : 0)
      self = .halves(forms, try PackedHalfConvolution(node, weight, taps, in: planner))
      return
    }
    // A scale of zero stands for floats.
    let grids = mtlk_grids(
      input_channels: Int32(channels), input_zero_point: Int32(grid.zeroPoint),
      operand_scale: operand?.grid?.scale ?? 0, operand_zero_point: Int32(operand?.grid?.zeroPoint ?? 0),
      output_inverse_scale: output.grid?.inverseScale ?? 0, output_zero_point: Int32(output.grid?.zeroPoint ?? 0))
    self = .bytes(grids, try PackedByteConvolution(node, weight, taps, input, grid, in: planner))
  }

  /// Blocks of the input that the weights of an output are for.
  func describe(in window: inout mtlk_window) {
    if case .bytes(_, let packed) = self { window.input_blocks = Int32(packed.slices.inputBlocks) }
  }

  /// Sums of 32 bits that a call of the kernel has to have room for.
  func sumCount(_ window: mtlk_window, _ kernels: KernelSet) -> Int {
    unsafe withUnsafePointer(to: window) { window in
      switch self {
      case .bytes(_, let packed):
        Set(packed.slices.all.map(\.channelCount)).reduce(0) {
          unsafe max($0, Int(kernels.functions.pointee.sum_count(window, Int32($1))))
        }
      case .halves(let forms, _): unsafe Int(kernels.functions.pointee.half_sum_count(window, forms.input_channels))
      }
    }
  }

  /// Whether what lies outside the image is zeros in the input's own numbers.
  var hasZerosOutside: Bool {
    if case .bytes(let grids, _) = self { grids.input_zero_point == 0 } else { true }
  }

  /// Where an image's numbers are.
  struct Places {
    let input: UnsafeMutableRawPointer
    let operand: UnsafeMutableRawPointer?
    let output: UnsafeMutableRawPointer
    let sums: UnsafeMutableRawPointer
  }

  @unsafe func multiply(
    _ window: mtlk_window, _ places: Places, blocks: Range<Int32>, rows: Range<Int32>, _ kernels: KernelSet
  ) {
    unsafe withUnsafePointer(to: window) { window in
      switch self {
      case .bytes(let grids, let weights):
        for slice in weights.slices.all {
          let own = blocks.clamped(to: Int32(slice.outputBlocks.lowerBound)..<Int32(slice.outputBlocks.upperBound))
          guard !own.isEmpty else { continue }
          var grids = grids
          grids.input_channels = Int32(slice.channelCount)
          let input = unsafe places.input.assumingMemoryBound(to: UInt8.self) + slice.byteOffset(window.pointee)
          unsafe withUnsafePointer(to: grids) { grids in
            unsafe weights.weights.withUnsafeBytes { numbers in
              unsafe withFloats(weights.factors.multipliers, weights.factors.bias) { multipliers, bias in
                unsafe kernels.functions.pointee.convolution_bytes(
                  window, grids, input, numbers.assumingMemoryBound(to: Int8.self).baseAddress, multipliers, bias,
                  places.operand, places.output, places.sums.assumingMemoryBound(to: Int32.self), own.lowerBound,
                  own.upperBound, rows.lowerBound, rows.upperBound)
              }
            }
          }
        }
      case .halves(let forms, let weights):
        unsafe withUnsafePointer(to: forms) { forms in
          unsafe weights.weights.withUnsafeBytes { numbers in
            unsafe weights.bias.withUnsafeBytes { bias in
              unsafe kernels.functions.pointee.convolution_halves(
                window, forms, places.input.assumingMemoryBound(to: UInt16.self),
                numbers.assumingMemoryBound(to: UInt16.self).baseAddress,
                bias.assumingMemoryBound(to: Float.self).baseAddress, places.operand, places.output,
                places.sums.assumingMemoryBound(to: Float.self), blocks.lowerBound, blocks.upperBound,
                rows.lowerBound, rows.upperBound)
            }
          }
        }
      }
    }
  }
}
