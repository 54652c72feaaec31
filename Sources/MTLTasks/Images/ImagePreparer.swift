import CMTLKernels
import MTLGraph
import MTLNetworks

/// Turns pictures of any size into a network's input: orientation, colour, resize, normalisation.
///
/// Keeps its buffers and the filter tables of the last few sizes, so that they need no memory when they come again. For
/// one thread.
@safe public final class ImagePreparer {
  private let input: InputDescription
  private let channels: Int
  /// The network's value for every 8-bit value of each channel, computed in float32 in the order in which torchvision
  /// does it, so that the numbers are the same bits.
  private let table: [Float]
  private var filters = RecentList<ResampleFilter>(capacity: 16)
  private var warps = RecentList<CenteredWarp>(capacity: 8)
  /// One row of the picture in the network's colours, all rows at the output's width, one row of the output.
  private var convertedRow: HeapBuffer<UInt8>?
  private var narrowRows: HeapBuffer<UInt8>?
  private var outputRow: HeapBuffer<UInt8>?

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

  /// Writes one picture as `height` x `width` x channels floats, resized to that size. Fails only with `.outOfMemory`.
  @unsafe public func prepare(
    _ image: PixelView, width: Int, height: Int, into target: UnsafeMutablePointer<Float>
  ) throws(MTLError) {
    if input.resize == .center { return unsafe try center(image, width: width, height: height, into: target) }
    let converted = try room(for: image.width * channels, in: &convertedRow)
    let rowBytes = width * channels
    if image.width == width, image.height == height {
      for row in 0..<height {
        convert(image, row: row, into: converted)
        unsafe mtlk_normalize(converted.base, target + row * rowBytes, Int64(width), Int32(channels), table)
      }
      return
    }
    let narrow = try room(for: image.height * rowBytes, in: &narrowRows)
    let output = try room(for: rowBytes, in: &outputRow)
    resampleHorizontally(image, to: width, through: converted, into: narrow)
    let filter = self.filter(from: image.height, to: height)
    for row in 0..<height {
      resampleVertically(filter, narrow, row: row, rowBytes: rowBytes, into: output)
      unsafe mtlk_normalize(output.base, target + row * rowBytes, Int64(width), Int32(channels), table)
    }
  }

  /// Fits the picture in, aspect kept, centre on centre.
  private func center(
    _ image: PixelView, width: Int, height: Int, into target: UnsafeMutablePointer<Float>
  ) throws(MTLError) {
    let warp = warps.find(
      where: { $0.pictureSize == (image.width, image.height) && $0.inputSize == (width, height) },
      orMake: { CenteredWarp(picture: (image.width, image.height), input: (width, height)) })
    let sourceBytes = image.width * channels
    // Two rows of the picture at a time: the upper and the lower of those that a row of the input lies between.
    let pair = try room(for: 2 * sourceBytes, in: &convertedRow)
    let output = try room(for: width * channels, in: &outputRow)
    var held = (-1, -1)
    func row(_ index: Int) -> UnsafePointer<UInt8>? {
      guard (0..<image.height).contains(index) else { return nil }
      let slot = index & 1
      let memory = unsafe pair.base + slot * sourceBytes
      if (slot == 0 ? held.0 : held.1) != index {
        unsafe convert(image, row: index, into: memory)
        if slot == 0 { held.0 = index } else { held.1 = index }
      }
      return unsafe UnsafePointer(memory)
    }
    for (index, tap) in warp.rows.enumerated() {
      unsafe warp.warp(
        upper: row(tap.first), lower: row(tap.first + 1), share: tap.share, channels: channels, into: output.base)
      unsafe mtlk_normalize(
        output.base, target + index * width * channels, Int64(width), Int32(channels), table)
    }
  }

  /// Brings every row of the picture to the output's width.
  private func resampleHorizontally(
    _ image: PixelView, to width: Int, through converted: HeapBuffer<UInt8>, into rows: HeapBuffer<UInt8>
  ) {
    let filter = self.filter(from: image.width, to: width)
    for row in 0..<image.height {
      convert(image, row: row, into: converted)
      unsafe mtlk_resample_horizontal(
        converted.base, rows.base + row * width * channels, Int32(width), Int32(channels), filter.first, filter.count,
        filter.coefficients, Int32(filter.taps))
    }
  }

  private func resampleVertically(
    _ filter: ResampleFilter, _ rows: HeapBuffer<UInt8>, row: Int, rowBytes: Int, into output: HeapBuffer<UInt8>
  ) {
    unsafe filter.coefficients.withUnsafeBufferPointer { coefficients in
      guard let weights = coefficients.baseAddress else { return }
      unsafe mtlk_resample_vertical(
        rows.base + Int(filter.first[row]) * rowBytes, Int64(rowBytes), output.base, Int64(rowBytes),
        filter.count[row], weights + row * filter.taps)
    }
  }

  /// One row of the upright picture in the network's colours.
  private func convert(_ image: PixelView, row: Int, into converted: HeapBuffer<UInt8>) {
    unsafe convert(image, row: row, into: converted.base)
  }

  private func convert(_ image: PixelView, row: Int, into converted: UnsafeMutablePointer<UInt8>) {
    let source = unsafe image.row(row)
    let offsets = image.format.channelOffsets
    let isReversed = input.color == .bgr
    unsafe mtlk_convert_row(
      source.first, Int64(source.step), isReversed ? offsets.blue : offsets.red, offsets.green,
      isReversed ? offsets.red : offsets.blue, converted, Int32(image.width), Int32(channels))
  }

  private func filter(from inputSize: Int, to outputSize: Int) -> ResampleFilter {
    filters.find(
      where: { $0.inputSize == inputSize && $0.outputSize == outputSize },
      orMake: { ResampleFilter(inputSize: inputSize, outputSize: outputSize) })
  }

  /// The buffer, made larger if it has to be.
  private func room(
    for byteCount: Int, in buffer: inout HeapBuffer<UInt8>?
  ) throws(MTLError) -> HeapBuffer<UInt8> {
    if let buffer, buffer.count >= byteCount { return buffer }
    let larger = try HeapBuffer<UInt8>(count: byteCount, of: "picture")
    buffer = larger
    return larger
  }
}
