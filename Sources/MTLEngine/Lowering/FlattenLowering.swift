import CMTLKernels
import MTLGraph

/// Flattening: the row-major order is the definition, so the value is brought into it and copied under its new shape.
enum FlattenLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let flatten = node.operation as? Flatten else { return false }
    // The copy goes image by image, which other axes would cut through.
    guard flatten.axis == 1 || planner.shape(of: node.inputs[0]).rank != 4 else { return false }
    let source = planner.anyBuffer(of: node.inputs[0])
    let input = if let source { source } else { try planner.buffer(of: node.inputs[0], as: .planar) }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      LayoutStep(from: operands[0], to: operands[1])
    }
    return true
  }
}

/// Brings a value from one layout into another. Items are images.
final class LayoutStep: Step {
  let kernelName = "layout"
  private let source: Operand
  private let target: Operand
  /// The target may have another shape, in which an image has no place of its own: Flatten joins axes.
  private let targetImageElementCount: Int

  init(from source: Operand, to target: Operand) {
    self.source = source
    self.target = target
    targetImageElementCount =
      Buffer(index: 0, shape: source.buffer.shape, layout: target.buffer.layout).imageElementCount
  }

  var itemCount: Int { source.buffer.shape.rank == 4 ? source.buffer.shape[0] : 1 }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    unsafe convertLayout(
      from: source.pointer(in: arena, image: item), source.buffer,
      to: target.pointer(in: arena) + item * targetImageElementCount, target.buffer.layout)
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
  let pixels = Int64(buffer.shape[2] * buffer.shape[3])
  unsafe mtlk_reblock(
    source, Int64(buffer.layout.lane), target, Int64(layout.lane), Int64(buffer.shape[1]), pixels)
}
