import CMTLKernels
import MTLGraph

/// The pixels that a convolution of single pixels with a stride sees.
struct PickedPixels: Hashable {
  let source: Buffer
  let stride: Window.Pair
  let rows: Int
  let columns: Int
}

extension Planner {
  /// What a convolution reads, and its window there. Where it sees single pixels with a stride between them, these are
  /// copied together first, once for all that see the same: then rows need not be short, and weights, of which such layers
  /// have many, are not read anew for each of them. A pixel's block is as long in every layout.
  mutating func dense(_ input: Buffer, _ window: Window, output: Shape, of nodeName: String) -> (Buffer, Window) {
    let stride = window.stride
    let isInside =
      window.padding.top == 0 && window.padding.left == 0 && (output[2] - 1) * stride.rows < input.shape[2]
      && (output[3] - 1) * stride.columns < input.shape[3]
    guard window.kernel == Window.Pair(1), stride != Window.Pair(1), isInside,
      input.layout.blockFloats == Layout.lane
    else { return (input, window) }
    let key = PickedPixels(source: input, stride: stride, rows: output[2], columns: output[3])
    if let known = pickedPixels[key] { return (known, Window(kernel: window.kernel)) }
    let target = makeTemporary([input.shape[0], input.shape[1], key.rows, key.columns], input.layout)
    let lane = Layout.lane
    let split = split(target, workPerElement: 1)
    add(nodeName: nodeName, inputs: [input], outputs: [target]) { operands in
      unsafe PartStep("copy of pixels", images: target.imageCount, split: split) { part, arena in
        let (row, targetRow) = (input.shape[3] * lane, key.columns * lane)
        for block in part.groups {
          unsafe mtlk_copy_pixels(
            operands[0].pointer(in: arena, image: part.image) + block * input.pixelCount * lane
              + part.rows.lowerBound * stride.rows * row,
            Int64(stride.rows * row), Int64(stride.columns * lane),
            operands[1].pointer(in: arena, image: part.image) + block * target.pixelCount * lane
              + part.rows.lowerBound * targetRow,
            Int64(targetRow), Int64(lane), Int64(part.rows.count), Int64(key.columns))
        }
      }
    }
    pickedPixels[key] = target
    return (target, Window(kernel: window.kernel))
  }
}
