import CMTLKernels
import MTLGraph
import TestSupport

/// A random window over one image, of convolution or pooling.
struct WindowCase {
  var window: Window
  var channels: Int
  var rows: Int
  var columns: Int
  var outputRows: Int
  var outputColumns: Int

  private static let channelCounts = [
    1, 2, 3, 4, 5, 7, 8, 11, 13, 15, 16, 17, 19, 23, 29, 31, 32, 33, 37, 47, 48, 53, 64, 89, 96,
  ]

  /// Kernel 1 to 11, stride 1 to 4, dilation 1 to 36, padding 0 to 36, 1 to 96 channels, images with few and many
  /// columns; small kernels and strides are as likely as networks have them.
  static func convolution(_ random: inout SeededRandom) -> WindowCase {
    while true {
      let kernel = Window.Pair(side(&random, 11), side(&random, 11))
      let stride = Window.Pair(side(&random, 4), side(&random, 4))
      let dilation = Window.Pair(
        random.once(in: 3) ? random.integer(1...36) : 1, random.once(in: 3) ? random.integer(1...36) : 1)
      let padding = Window.Padding(
        top: pad(&random, kernel.rows, dilation.rows), left: pad(&random, kernel.columns, dilation.columns),
        bottom: pad(&random, kernel.rows, dilation.rows), right: pad(&random, kernel.columns, dilation.columns))
      let window = Window(kernel: kernel, stride: stride, dilation: dilation, padding: padding)
      if let found = WindowCase(window, ceil: false, &random) { return found }
    }
  }

  /// More taps in a row than a set multiplies together.
  static func longRow(_ random: inout SeededRandom) -> WindowCase {
    while true {
      let padding = Window.Padding(top: 0, left: random.integer(0...30), bottom: 0, right: random.integer(0...30))
      let window = Window(kernel: .init(random.integer(1...2), random.integer(9...70)), padding: padding)
      if let found = WindowCase(window, ceil: false, &random) { return found }
    }
  }

  /// Three taps along an axis, or rarely one, without a stride; dilation 1 to 40 and any padding, mostly that which keeps
  /// the size.
  static func winograd(_ random: inout SeededRandom) -> WindowCase {
    while true {
      let kernel = Window.Pair(random.once(in: 6) ? 1 : 3, random.once(in: 6) ? 1 : 3)
      let dilation = Window.Pair(
        random.integer(1...random.pick([1, 9, 40])), random.integer(1...random.pick([1, 9, 40])))
      func pads(_ taps: Int, _ dilation: Int) -> (Int, Int) {
        let same = taps == 3 ? dilation : 0
        guard random.once(in: 3) else { return (same, same) }
        return (pad(&random, taps, dilation), pad(&random, taps, dilation))
      }
      let (top, bottom) = pads(kernel.rows, dilation.rows)
      let (left, right) = pads(kernel.columns, dilation.columns)
      let padding = Window.Padding(top: top, left: left, bottom: bottom, right: right)
      if let found = WindowCase(Window(kernel: kernel, dilation: dilation, padding: padding), ceil: false, &random) {
        return found
      }
    }
  }

  /// Padding up to half of the kernel, and windows that hang over the far side.
  static func pool(_ random: inout SeededRandom) -> (WindowCase, ceil: Bool) {
    while true {
      let kernel = Window.Pair(side(&random, 11), side(&random, 11))
      let padding = Window.Padding(
        top: random.integer(0...kernel.rows / 2), left: random.integer(0...kernel.columns / 2),
        bottom: random.integer(0...kernel.rows / 2), right: random.integer(0...kernel.columns / 2))
      let dilation = random.once(in: 4) ? Window.Pair(random.integer(1...5), random.integer(1...5)) : .init(1)
      let window = Window(
        kernel: kernel, stride: .init(side(&random, 4), side(&random, 4)), dilation: dilation, padding: padding)
      let ceil = random.once(in: 2)
      if let found = WindowCase(window, ceil: ceil, &random) { return (found, ceil) }
    }
  }

  private init?(_ window: Window, ceil: Bool, _ random: inout SeededRandom) {
    let (rows, columns) = (random.integer(1...14), random.integer(1...40))
    guard let size = try? window.outputSize(rows: rows, columns: columns, ceil: ceil),
      size.rows * size.columns <= 1500
    else { return nil }
    self.window = window
    (self.rows, self.columns) = (rows, columns)
    (outputRows, outputColumns) = size
    channels = random.pick(WindowCase.channelCounts)
  }

  private static func side(_ random: inout SeededRandom, _ most: Int) -> Int {
    random.once(in: 3) ? random.integer(1...most) : random.integer(1...min(3, most))
  }

  private static func pad(_ random: inout SeededRandom, _ kernel: Int, _ dilation: Int) -> Int {
    switch random.integer(0...3) {
    case 0: 0
    case 1: min(36, dilation * (kernel - 1) / 2)
    case 2: random.integer(0...3)
    default: random.integer(0...36)
    }
  }

  /// The kernels' description, with blocks of `lane` input channels and `outputs` output channels.
  func kernelWindow(lane: Int, outputs: Int) -> mtlk_window {
    var result = mtlk_window()
    (result.input_rows, result.input_columns) = (Int32(rows), Int32(columns))
    (result.input_blocks, result.input_lane) = (Int32((channels + lane - 1) / lane), Int32(lane))
    (result.output_rows, result.output_columns) = (Int32(outputRows), Int32(outputColumns))
    (result.output_blocks, result.output_channels) = (Int32((outputs + 15) / 16), Int32(outputs))
    (result.kernel_rows, result.kernel_columns) = (Int32(window.kernel.rows), Int32(window.kernel.columns))
    (result.stride_rows, result.stride_columns) = (Int32(window.stride.rows), Int32(window.stride.columns))
    (result.dilation_rows, result.dilation_columns) = (Int32(window.dilation.rows), Int32(window.dilation.columns))
    (result.padding_top, result.padding_left) = (Int32(window.padding.top), Int32(window.padding.left))
    (result.padding_bottom, result.padding_right) = (Int32(window.padding.bottom), Int32(window.padding.right))
    return result
  }
}

extension SeededRandom {
  /// The whole, or pieces of it that follow each other and cover it.
  mutating func pieces(of count: Int) -> [Range<Int32>] {
    var cuts = [0, count]
    for _ in 0..<integer(0...3) { cuts.append(integer(0...count)) }
    cuts.sort()
    return zip(cuts, cuts.dropFirst()).map { Int32($0)..<Int32($1) }
  }
}
