import CMTLKernels
import MTLGraph

/// The kernels' description of a window sliding over one image. Everything that indices are computed from is proved
/// here to fit: sizes to 2^15 a side, taps and blocks to 2^20.
func kernelWindow(
  _ window: Window, input: Buffer, output: Buffer, of nodeName: String
) throws(MTLError) -> mtlk_window {
  guard input.layout != .planar else { throw MTLError(.internalFault, nodeName, "input is not in blocks") }
  let sides = [input.shape[2], input.shape[3], output.shape[2], output.shape[3]]
  guard sides.allSatisfy({ (1...Window.maximumSide).contains($0) }) else {
    throw MTLError(.limit, nodeName, expected: "images of 1 to \(Window.maximumSide) pixels a side", found: "\(sides)")
  }
  guard max(input.shape[1], output.shape[1]) <= 1 << 24 else {
    throw MTLError(.limit, nodeName, expected: "at most 2^24 channels", found: "\(output.shape[1])")
  }
  var result = mtlk_window()
  (result.input_rows, result.input_columns) = (Int32(input.shape[2]), Int32(input.shape[3]))
  (result.input_blocks, result.input_lane) = (Int32(input.blockCount), Int32(input.layout.lane))
  (result.output_rows, result.output_columns) = (Int32(output.shape[2]), Int32(output.shape[3]))
  (result.output_blocks, result.output_channels) = (Int32(output.blockCount), Int32(output.shape[1]))
  (result.kernel_rows, result.kernel_columns) = (Int32(window.kernel.rows), Int32(window.kernel.columns))
  (result.stride_rows, result.stride_columns) = (Int32(window.stride.rows), Int32(window.stride.columns))
  (result.dilation_rows, result.dilation_columns) = (Int32(window.dilation.rows), Int32(window.dilation.columns))
  (result.padding_top, result.padding_left) = (Int32(window.padding.top), Int32(window.padding.left))
  (result.padding_bottom, result.padding_right) = (Int32(window.padding.bottom), Int32(window.padding.right))
  return result
}
