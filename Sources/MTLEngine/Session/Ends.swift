import CMTLKernels
import MTLGraph

/// Where a run's input has to be written.
///
/// Images of fewer than 16 channels lie pixel by pixel (N x H x W x C), as decoders deliver them; others in blocks.
@safe public struct InputDestination {
  private let operand: Operand
  private let arena: UnsafeMutableRawPointer

  init(_ operand: Operand, arena: UnsafeMutableRawPointer) {
    self.operand = operand
    unsafe self.arena = arena
  }

  public var shape: Shape { operand.buffer.shape }

  /// Image `image` as H x W x C floats, for images of fewer than 16 channels; nil for others.
  @unsafe public func interleavedImage(_ image: Int) -> UnsafeMutablePointer<Float>? {
    guard shape.rank == 4, operand.buffer.layout.lane == shape[1], (0..<shape[0]).contains(image) else { return nil }
    return unsafe operand.pointer(in: arena, image: image)
  }

  /// Writes the input from a strided array of the same shape, which must be an image: `strides` of batch, channels,
  /// rows and columns in bytes, every element readable at `base`.
  @unsafe public func copy(from base: UnsafeRawPointer, strides: (Int, Int, Int, Int)) {
    guard shape.rank == 4 else { return }
    let lane = operand.buffer.layout.lane
    let pixels = shape[2] * shape[3]
    for image in 0..<shape[0] {
      let target = unsafe operand.pointer(in: arena, image: image)
      unsafe clearFillingChannels(of: target)
      for channel in 0..<shape[1] {
        var to = unsafe target + channel / lane * lane * pixels + channel % lane
        for row in 0..<shape[2] {
          var from = unsafe base + image * strides.0 + channel * strides.1 + row * strides.2
          for _ in 0..<shape[3] {
            unsafe to.pointee = from.loadUnaligned(as: Float.self)
            unsafe to += lane
            unsafe from += strides.3
          }
        }
      }
    }
  }
}

extension InputDestination {
  /// Writes the input from a dense float32 tensor of the same shape.
  func copy(from tensor: Tensor) {
    unsafe tensor.bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      guard shape.rank == 4 else {
        let count = min(bytes.count, shape.elementCount * MemoryLayout<Float>.size)
        unsafe UnsafeMutableRawPointer(operand.pointer(in: arena)).copyMemory(from: base, byteCount: count)
        return
      }
      let strides = shape.rowMajorStrides.map { $0 * MemoryLayout<Float>.size }
      unsafe copy(from: base, strides: (strides[0], strides[1], strides[2], strides[3]))
    }
  }

  /// Zeroes the last block if channels do not fill it: what other steps left there may be no finite number, which not
  /// even a zero weight silences.
  @unsafe private func clearFillingChannels(of image: UnsafeMutablePointer<Float>) {
    let lane = operand.buffer.layout.lane
    guard shape[1] % lane != 0 else { return }
    let blockElementCount = shape[2] * shape[3] * lane
    unsafe (image + shape[1] / lane * blockElementCount).update(repeating: 0, count: blockElementCount)
  }
}

/// Where a run's outputs can be read, by position in the run's tasks.
@safe public struct Outputs {
  private let plan: Plan

  init(_ plan: Plan) {
    self.plan = plan
  }

  public var layout: OutputLayout { plan.outputLayout }

  /// Writes an output in row-major order; `target` has room for `shape.elementCount` floats.
  @unsafe public func copy(_ position: Int, to target: UnsafeMutablePointer<Float>) {
    let operand = plan.outputs[position]
    let shape = operand.buffer.shape
    guard shape.rank == 4 else {
      unsafe target.update(from: operand.pointer(in: plan.arena.base), count: shape.elementCount)
      return
    }
    let imageElementCount = shape[1] * shape[2] * shape[3]
    for image in 0..<shape[0] {
      unsafe convertLayout(
        from: operand.pointer(in: plan.arena.base, image: image), operand.buffer,
        to: target + image * imageElementCount, .planar)
    }
  }
}
