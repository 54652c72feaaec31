import Glibc

/// The weights by which the pixels of one direction are mixed when a picture is resized: a triangle as wide as the
/// reduction, as Pillow's `resize` with BILINEAR (Pillow, libImaging/Resample.c, facts only).
struct ResampleFilter {
  let inputSize: Int
  let outputSize: Int
  /// For every output pixel: its first input pixel and how many follow.
  private(set) var first: [Int32] = []
  private(set) var count: [Int32] = []
  /// Weights with 22 fractional bits, `taps` for every output pixel.
  private(set) var coefficients: [Int32] = []
  let taps: Int

  private static let one = Double(1 << 22)

  init(inputSize: Int, outputSize: Int) {
    self.inputSize = inputSize
    self.outputSize = outputSize
    let scale = Double(inputSize) / Double(outputSize)
    let support = max(scale, 1)
    taps = Int(support.rounded(.up)) * 2 + 1
    first.reserveCapacity(outputSize)
    count.reserveCapacity(outputSize)
    coefficients = [Int32](repeating: 0, count: outputSize * taps)
    for output in 0..<outputSize {
      let center = (Double(output) + 0.5) * scale
      let begin = max(Int(center - support + 0.5), 0)
      let end = min(Int(center + support + 0.5), inputSize)
      func weight(_ input: Int) -> Double { max(0, 1 - abs((Double(input) - center + 0.5) / support)) }
      let sum = (begin..<end).reduce(0) { $0 + weight($1) }
      first.append(Int32(begin))
      count.append(Int32(end - begin))
      for input in begin..<end {
        coefficients[output * taps + input - begin] = Int32(
          (weight(input) / sum * ResampleFilter.one + 0.5).rounded(.towardZero))
      }
    }
  }
}
