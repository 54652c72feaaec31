import CMTLKernels
import MTLGraph

/// One or more convolutions of narrow numbers of one geometry, as `ConvolutionStep` has those of floats.
final class NarrowConvolutionStep: Step {
  struct Part {
    let window: mtlk_window
    let product: NarrowProduct
    let input: Operand
    /// What is added or multiplied in the end, in floats or in the numbers of the input.
    let operand: Operand?
    let output: Operand
  }

  let kernelName: String
  let numbers: NumberFormat
  private let kernels: KernelSet
  private let parts: [Part]
  private let items: ConvolutionItems
  private let sums: Operand
  /// Sums that an item has room for.
  private let room: Int

  init(
    kernels: KernelSet, parts: [Part], items: ConvolutionItems, sums: Operand, room: Int,
    numbers: NumberFormat, kernelName: String
  ) {
    self.kernels = kernels
    self.parts = parts
    self.items = items
    self.sums = sums
    self.room = room
    self.numbers = numbers
    self.kernelName = kernelName
  }

  var itemCount: Int { items.count }

  func run(item number: Int, arena: UnsafeMutableRawPointer) {
    let item = items[number]
    let part = parts[item.part]
    unsafe part.product.multiply(
      part.window,
      NarrowProduct.Places(
        input: part.input.pointer(in: arena, image: item.image),
        operand: part.operand.map { unsafe UnsafeMutableRawPointer($0.pointer(in: arena, image: item.image)) },
        output: part.output.pointer(in: arena, image: item.image), sums: sums.pointer(in: arena) + number * room),
      blocks: Int32(item.blocks.lowerBound)..<Int32(item.blocks.upperBound),
      rows: Int32(item.rows.lowerBound)..<Int32(item.rows.upperBound), kernels)
  }
}
