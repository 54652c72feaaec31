import CMTLKernels
import MTLGraph

/// One or more convolutions of bytes of one geometry, as `ConvolutionStep` has those of floats.
final class ByteConvolutionStep: Step {
  struct Part {
    let window: mtlk_window
    let grids: mtlk_grids
    let weights: PackedByteConvolution
    let input: Operand
    /// What is added or multiplied in the end, in floats or bytes.
    let operand: Operand?
    let output: Operand
  }

  let kernelName: String
  private let kernels: KernelSet
  private let parts: [Part]
  private let items: ConvolutionItems
  private let sums: Operand
  /// Sums that an item has room for.
  private let room: Int

  init(kernels: KernelSet, parts: [Part], items: ConvolutionItems, sums: Operand, room: Int, kernelName: String) {
    self.kernels = kernels
    self.parts = parts
    self.items = items
    self.sums = sums
    self.room = room
    self.kernelName = kernelName
  }

  var itemCount: Int { items.count }

  func run(item number: Int, arena: UnsafeMutableRawPointer) {
    let item = items[number]
    let part = parts[item.part]
    let sums = unsafe UnsafeMutableRawPointer(self.sums.pointer(in: arena) + number * room)
      .assumingMemoryBound(to: Int32.self)
    unsafe withUnsafePointer(to: part.window) { window in
      unsafe withUnsafePointer(to: part.grids) { grids in
        unsafe part.weights.weights.withUnsafeBytes { weights in
          unsafe withFloats(part.weights.multipliers, part.weights.bias) { multipliers, bias in
            unsafe kernels.functions.pointee.convolution_bytes(
              window, grids, part.input.bytes(in: arena, image: item.image),
              weights.assumingMemoryBound(to: Int8.self).baseAddress, multipliers, bias,
              part.operand.map { unsafe UnsafeRawPointer($0.pointer(in: arena, image: item.image)) },
              part.output.pointer(in: arena, image: item.image), sums, Int32(item.blocks.lowerBound),
              Int32(item.blocks.upperBound), Int32(item.rows.lowerBound), Int32(item.rows.upperBound))
          }
        }
      }
    }
  }
}
