/// Two neighbours in a line, and their weights as whole numbers; the outermost pixel stands in for one outside.
struct PixelPair {
  let first: Int
  let second: Int
  let weights: (Int32, Int32)

  init(_ pixel: Int, _ weights: (Int32, Int32), side: Int) {
    first = min(max(pixel, 0), side - 1)
    second = min(max(pixel + 1, 0), side - 1)
    self.weights = weights
  }

  /// Across a line one pixel may have both weights, because sums of whole numbers are exact.
  static func columns(_ pairs: [PixelPair]) -> Taps {
    Taps(
      pairs.map { pair in
        let (near, far) = (Float(pair.weights.0), Float(pair.weights.1))
        return Taps.Window(first: pair.first, weights: pair.first == pair.second ? [near + far] : [near, far])
      })
  }

  /// Rows keep a weight each, because their products are rounded each.
  static func rows(_ pairs: [PixelPair]) -> Taps {
    Taps(pairs.map { Taps.Window(first: $0.first, second: $0.second, weights: $0.weights) })
  }
}
