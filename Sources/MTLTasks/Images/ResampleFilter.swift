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
    for output in 0..<outputSize {
      let center = (Double(output) + 0.5) * scale
      let begin = max(Int(center - support + 0.5), 0)
      let end = min(Int(center + support + 0.5), inputSize)
      let weights = (begin..<end).map { max(0, 1 - abs((Double($0) - center + 0.5) / support)) }
      let sum = weights.reduce(0, +)
      let fixed = weights.map { Int32(($0 / sum * ResampleFilter.one + 0.5).rounded(.towardZero)) }
      first.append(Int32(begin))
      count.append(Int32(fixed.count))
      coefficients += fixed + [Int32](repeating: 0, count: taps - fixed.count)
    }
  }
}
