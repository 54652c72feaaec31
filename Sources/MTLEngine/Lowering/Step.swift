import CMTLKernels
import MTLGraph

/// One kernel call of a plan, split into items that may run in any order and on any thread.
///
/// A step holds its buffers as byte offsets into the arena, proved to be inside it when the plan is made.
protocol Step: AnyObject {
  /// What `inspect --plan` shows: the kernel, or the operator that runs its reference evaluation.
  var kernelName: String { get }
  /// What the kernel multiplies.
  var numbers: NumberFormat { get }
  var itemCount: Int { get }
  func run(item: Int, arena: UnsafeMutableRawPointer)
}

extension Step {
  var numbers: NumberFormat { .floats }
}

/// Where a step finds its operands once the memory is planned.
@safe struct Operand {
  let buffer: Buffer
  private let byteOffset: Int

  /// - Parameter byteOffset: of the buffer's storage in the arena.
  init(_ buffer: Buffer, byteOffset: Int) {
    self.buffer = buffer
    self.byteOffset = byteOffset + buffer.elementOffset * MemoryLayout<Float>.size
  }

  /// The first float of image `image`.
  @unsafe func pointer(in arena: UnsafeMutableRawPointer, image: Int = 0) -> UnsafeMutablePointer<Float> {
    unsafe (arena + byteOffset).assumingMemoryBound(to: Float.self) + image * buffer.imageStride
  }

  /// The same of a buffer of bfloat16.
  @unsafe func halves(in arena: UnsafeMutableRawPointer, image: Int = 0) -> UnsafeMutablePointer<UInt16> {
    unsafe UnsafeMutableRawPointer(pointer(in: arena, image: image)).assumingMemoryBound(to: UInt16.self)
  }

  /// The same of a buffer of bytes.
  @unsafe func bytes(in arena: UnsafeMutableRawPointer, image: Int = 0) -> UnsafeMutablePointer<UInt8> {
    unsafe UnsafeMutableRawPointer(pointer(in: arena, image: image)).assumingMemoryBound(to: UInt8.self)
  }
}
