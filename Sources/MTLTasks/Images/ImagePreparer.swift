import CMTLKernels
import MTLGraph
import MTLNetworks

/// Turns pictures of any size into a network's input: orientation, colour, resize, normalisation.
///
/// Keeps its buffers and filter tables, so that pictures of one size need no memory after the first. For one thread.
public final class ImagePreparer {
  private let input: InputDescription
  private let channels: Int
  /// The network's value for every 8-bit value of each channel, computed in float32 in the order in which torchvision
  /// does it, so that the numbers are the same bits.
  private let table: [Float]
  private var horizontal: ResampleFilter?
  private var vertical: ResampleFilter?
  private var convertedRow: [UInt8] = []
  private var narrowRows: [UInt8] = []
  private var outputRow: [UInt8] = []

  public init(_ input: InputDescription) {
    self.input = input
    channels = input.color.channelCount
    let (low, high) = (Float(input.range[0]), Float(input.range[1]))
    table = zip(input.mean, input.standardDeviation).flatMap { mean, deviation in
      (0..<256).map { value in
        let unit = Float(value) / 255
        let ranged = low == 0 && high == 1 ? unit : unit * (high - low) + low
        return (ranged - Float(mean)) / Float(deviation)
      }
    }
  }

  /// Writes one picture as `height` x `width` x channels floats, resized to that size.
  @unsafe public func prepare(_ image: PixelView, width: Int, height: Int, into target: UnsafeMutablePointer<Float>) {
    grow(&convertedRow, to: image.width * channels)
    if image.width == width, image.height == height {
      for row in 0..<height {
        convert(image, row: row)
        unsafe mtlk_normalize(convertedRow, target + row * width * channels, Int64(width), Int32(channels), table)
      }
      return
    }
    narrow(image, to: width)
    let rowBytes = width * channels
    if vertical?.inputSize != image.height || vertical?.outputSize != height {
      vertical = ResampleFilter(inputSize: image.height, outputSize: height)
    }
    grow(&outputRow, to: rowBytes)
    guard let vertical else { return }
    for row in 0..<height {
      resampleVertically(vertical, row: row, rowBytes: rowBytes)
      unsafe mtlk_normalize(outputRow, target + row * rowBytes, Int64(width), Int32(channels), table)
    }
  }

  /// Brings every row of the picture to the output's width.
  private func narrow(_ image: PixelView, to width: Int) {
    if horizontal?.inputSize != image.width || horizontal?.outputSize != width {
      horizontal = ResampleFilter(inputSize: image.width, outputSize: width)
    }
    let rowBytes = width * channels
    grow(&narrowRows, to: image.height * rowBytes)
    guard let filter = horizontal else { return }
    for row in 0..<image.height {
      convert(image, row: row)
      unsafe narrowRows.withUnsafeMutableBufferPointer { rows in
        guard let base = rows.baseAddress else { return }
        unsafe mtlk_resample_horizontal(
          convertedRow, base + row * rowBytes, Int32(width), Int32(channels), filter.first, filter.count,
          filter.coefficients, Int32(filter.taps))
      }
    }
  }

  private func resampleVertically(_ filter: ResampleFilter, row: Int, rowBytes: Int) {
    unsafe narrowRows.withUnsafeBufferPointer { rows in
      unsafe filter.coefficients.withUnsafeBufferPointer { coefficients in
        guard let from = rows.baseAddress, let weights = coefficients.baseAddress else { return }
        unsafe mtlk_resample_vertical(
          from + Int(filter.first[row]) * rowBytes, Int64(rowBytes), &outputRow, Int64(rowBytes), filter.count[row],
          weights + row * filter.taps)
      }
    }
  }

  /// One row of the upright picture in the network's colours, into `convertedRow`.
  private func convert(_ image: PixelView, row: Int) {
    let source = unsafe image.row(row)
    let offsets = image.format.channelOffsets
    let isReversed = input.color == .bgr
    unsafe mtlk_convert_row(
      source.first, Int64(source.step), isReversed ? offsets.blue : offsets.red, offsets.green,
      isReversed ? offsets.red : offsets.blue, &convertedRow, Int32(image.width), Int32(channels))
  }

  private func grow(_ buffer: inout [UInt8], to count: Int) {
    if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
  }
}
