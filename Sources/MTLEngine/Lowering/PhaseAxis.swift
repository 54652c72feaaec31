import CMTLKernels
import MTLGraph

/// The taps along one axis that the outputs first, first + stride, ... see.
struct PhaseAxis {
  let first: Int
  let outputs: Int
  /// As a plain convolution: taps of the kernel in order, their distance, and the padding, which may be negative.
  let taps: [Int]
  let dilation: Int
  let padding: Int

  static func all(outputs: Int, kernel: Int, stride: Int, dilation: Int, padding: Int) -> [PhaseAxis] {
    (0..<min(stride, outputs)).map { first in
      let taps = (0..<kernel).filter { (first + padding - $0 * dilation) % stride == 0 }
      let places = taps.map { (first + padding - $0 * dilation) / stride }
      return PhaseAxis(
        first: first, outputs: (outputs - first + stride - 1) / stride, taps: taps.reversed(),
        dilation: places.count > 1 ? places[0] - places[1] : 1, padding: -(places.last ?? 0))
    }
  }
  static func both(
    of operation: ConvolutionTranspose, _ weight: Shape, output: Shape
  ) -> (rows: [PhaseAxis], columns: [PhaseAxis]) {
    let rows = all(
      outputs: output[2], kernel: weight[2], stride: operation.stride.rows, dilation: operation.dilation.rows,
      padding: operation.padding.top)
    let columns = all(
      outputs: output[3], kernel: weight[3], stride: operation.stride.columns, dilation: operation.dilation.columns,
      padding: operation.padding.left)
    return (rows, columns)
  }

  /// The plain convolution of a phase; one without taps is its bias, which is one tap of zeros.
  static func window(_ plain: mtlk_window, _ rows: PhaseAxis, _ columns: PhaseAxis) -> mtlk_window {
    var window = plain
    let isEmpty = rows.taps.isEmpty || columns.taps.isEmpty
    (window.output_rows, window.output_columns) = (Int32(rows.outputs), Int32(columns.outputs))
    (window.kernel_rows, window.kernel_columns) =
      isEmpty ? (1, 1) : (Int32(rows.taps.count), Int32(columns.taps.count))
    (window.dilation_rows, window.dilation_columns) = (Int32(rows.dilation), Int32(columns.dilation))
    (window.padding_top, window.padding_left) = (Int32(rows.padding), Int32(columns.padding))
    return window
  }
}
