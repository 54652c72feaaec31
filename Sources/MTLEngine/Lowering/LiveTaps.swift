import MTLGraph

/// The taps of a convolution that any output pixel sees inside the image. Where dilation is large and the image small, whole
/// rows and columns of taps at the edge of the kernel only ever meet padding: on 36 rows, a rate of 36 leaves one row of
/// three. Their weights are neither kept nor read.
struct LiveTaps: Equatable {
  let rows: Range<Int>
  let columns: Range<Int>
  /// The same convolution with the taps that are left.
  let window: Window
  let isWhole: Bool

  init(_ window: Window, input: Shape, output: Shape) {
    let rows = LiveTaps.range(
      window.kernel.rows, window.stride.rows, window.dilation.rows, window.padding.top, input[2], output[2])
    let columns = LiveTaps.range(
      window.kernel.columns, window.stride.columns, window.dilation.columns, window.padding.left, input[3], output[3])
    self.rows = rows
    self.columns = columns
    isWhole = rows.count == window.kernel.rows && columns.count == window.kernel.columns
    let padding = Window.Padding(
      top: window.padding.top - rows.lowerBound * window.dilation.rows,
      left: window.padding.left - columns.lowerBound * window.dilation.columns,
      bottom: window.padding.bottom, right: window.padding.right)
    self.window = Window(
      kernel: .init(rows.count, columns.count), stride: window.stride, dilation: window.dilation, padding: padding)
  }

  /// The taps along one axis between the first and the last that some output sees; all where none does.
  private static func range(
    _ taps: Int, _ stride: Int, _ dilation: Int, _ padding: Int, _ size: Int, _ outputs: Int
  ) -> Range<Int> {
    func isSeen(_ tap: Int) -> Bool {
      let first = tap * dilation - padding
      let last = first + (outputs - 1) * stride
      // Some place first, first + stride, ... last lies in 0 ..< size.
      guard first < size, last >= 0 else { return false }
      return first >= 0 || (first % stride + stride) % stride < size
    }
    guard let first = (0..<taps).first(where: isSeen), let last = (0..<taps).last(where: isSeen) else {
      return 0..<taps
    }
    return first..<last + 1
  }

  /// The weight, O x I x KH x KW, without the other taps.
  func trimmed(_ weight: Tensor) throws(MTLError) -> Tensor {
    guard !isWhole else { return weight }
    let (shape, size) = (weight.shape, weight.type.byteCount)
    return try Tensor(
      shape: [shape[0], shape[1], rows.count, columns.count], type: weight.type,
      bytes: trimmed(weight.bytes, planes: shape[0] * shape[1], of: shape, tapByteCount: size), of: "weight")
  }

  /// The same of blocks, without any order but theirs.
  func trimmed(_ blocks: ByteBlocks, _ shape: Shape) throws(MTLError) -> Bytes {
    try trimmed(
      blocks.bytes, planes: blocks.bytes.count / blocks.taps / ByteBlocks.byteCount, of: shape,
      tapByteCount: ByteBlocks.byteCount)
  }

  private func trimmed(
    _ weights: Bytes, planes: Int, of shape: Shape, tapByteCount size: Int
  ) throws(MTLError) -> Bytes {
    try unsafe Bytes(byteCount: planes * rows.count * columns.count * size) { memory in
      unsafe weights.withUnsafeBytes { values in
        guard var to = memory.baseAddress, let from = values.baseAddress else { return }
        for plane in 0..<planes {
          for row in rows {
            let start = (plane * shape[2] + row) * shape[3] + columns.lowerBound
            unsafe to.copyMemory(from: from + start * size, byteCount: columns.count * size)
            unsafe to += columns.count * size
          }
        }
      }
    }
  }
}
