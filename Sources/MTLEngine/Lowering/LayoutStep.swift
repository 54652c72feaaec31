import CMTLKernels
import MTLGraph

/// Brings a value from one layout into another, or copies it. Items are images x groups of blocks.
final class LayoutStep: Step {
  let kernelName = "layout"
  private let source: Operand
  private let target: Operand
  private let split: WorkSplit

  private init(from source: Operand, to target: Operand, split: WorkSplit) {
    self.source = source
    self.target = target
    self.split = split
  }

  /// Narrow numbers are made of blocks, and become blocks, or are copied.
  static func add(nodeName: String, from source: Buffer, to target: Buffer, in planner: inout Planner) {
    switch (source.layout, target.layout) {
    case (.bytes(let grid, _), .blocked):
      return ByteLowering.dequantize(nodeName, from: source, grid, to: target, in: &planner)
    case (.blocked, .bytes(let grid, _)):
      return ByteLowering.quantize(nodeName, from: source, to: target, grid, in: &planner)
    case (.halves, .blocked): return HalfLowering.widen(nodeName, from: source, to: target, in: &planner)
    case (.blocked, .halves): return HalfLowering.round(nodeName, from: source, to: target, in: &planner)
    default: break
    }
    let isImage = source.shape.rank == 4
    let lane = max(source.layout.lane, target.layout.lane)
    // Groups end where blocks of both layouts end: one lane divides the other but where the input has few channels.
    let isDivisible = lane % source.layout.lane == 0 && lane % target.layout.lane == 0
    let split = WorkSplit(
      groupCount: isImage && isDivisible ? (source.shape[1] + lane - 1) / lane : 1, rowCount: 1,
      images: source.imageCount, work: source.imageElementCount, threadCount: planner.threadCount)
    planner.add(nodeName: nodeName, inputs: [source], outputs: [target]) { operands in
      LayoutStep(from: operands[0], to: operands[1], split: split)
    }
  }

  var itemCount: Int { source.buffer.shape.rank == 4 ? source.buffer.imageCount * split.itemCount : 1 }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let buffer = source.buffer
    guard buffer.shape.rank == 4 else {
      unsafe target.pointer(in: arena).update(from: source.pointer(in: arena), count: buffer.elementCount)
      return
    }
    let image = item / split.itemCount
    let lane = max(buffer.layout.lane, target.buffer.layout.lane)
    let groups = split.groupRange(item % split.itemCount)
    let first = groups.lowerBound * lane
    let count = split.groups == 1 ? buffer.shape[1] : min(groups.upperBound * lane, buffer.shape[1]) - first
    let pixels = buffer.pixelCount
    guard !buffer.layout.isNarrow else {
      let start = buffer.channelOffset(first)
      unsafe (target.pointer(in: arena, image: image) + start).update(
        from: source.pointer(in: arena, image: image) + start,
        count: buffer.channelOffset(first + count + buffer.layout.lane - 1) - start)
      return
    }
    unsafe mtlk_reblock(
      source.pointer(in: arena, image: image) + first * pixels, Int64(buffer.layout.lane),
      target.pointer(in: arena, image: image) + first * pixels, Int64(target.buffer.layout.lane), Int64(count),
      Int64(pixels))
  }
}

/// Copies one image (or, where the value is no image, all of it) into another layout.
@unsafe func convertLayout(
  from source: UnsafePointer<Float>, _ buffer: Buffer, to target: UnsafeMutablePointer<Float>, _ layout: Layout
) {
  guard buffer.shape.rank == 4 else {
    unsafe target.update(from: source, count: buffer.elementCount)
    return
  }
  unsafe mtlk_reblock(
    source, Int64(buffer.layout.lane), target, Int64(layout.lane), Int64(buffer.shape[1]), Int64(buffer.pixelCount))
}
