import CMTLKernels
import MTLGraph

/// One or more convolutions of one geometry.
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

  let kernelName: String
  private let kernels: KernelSet
  private let parts: [Part]
  private let items: ConvolutionItems

  init(kernels: KernelSet, parts: [Part], threadCount: Int, kernelName: String) {
    self.kernels = kernels
    self.parts = parts
    self.kernelName = kernelName
    items = ConvolutionItems(
      parts.map { .init(window: $0.window, images: $0.output.buffer.imageCount, work: $0.work) },
      groupSize: unsafe Int(kernels.functions.pointee.convolution_blocks), threadCount: threadCount)
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
