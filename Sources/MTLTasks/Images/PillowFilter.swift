import Glibc

/// The weights of Pillow's filters (libImaging/Resample.c and Geometry.c, facts only): as wide as the reduction, so that
/// every pixel of the picture counts; whole numbers with 22 fractional bits. torchvision's Resize on Pillow's pictures
/// does the same.
struct PillowFilter: Sendable {
  /// Pixels on either side of the centre that the filter reaches, where the size stays.
  let support: Double
  /// The weight at a distance from the centre.
  let weight: @Sendable (Double) -> Double

  static let bilinear = PillowFilter(support: 1) { max(0, 1 - abs($0)) }

  static let box = PillowFilter(support: 0.5) { $0 > -0.5 && $0 <= 0.5 ? 1 : 0 }

  /// Keys' cubic with a = -0.5.
  static let bicubic = PillowFilter(support: 2) { place in
    let (a, x) = (-0.5, abs(place))
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
  }

  static let lanczos = PillowFilter(support: 3) { place in
    func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
    return place >= -3 && place < 3 ? sinc(place) * sinc(place / 3) : 0
  }

  func taps(_ axis: PictureFit.Axis) -> Taps {
    let scale = axis.scale
    let filterScale = max(scale, 1)
    let reach = support * filterScale
    let unit = 1 / filterScale
    return Taps(
      axis.shown.map { output in
        let center = (Double(output) + 0.5) * scale
        let begin = max(Int(center - reach + 0.5), 0)
        let end = min(Int(center + reach + 0.5), axis.picture)
        let weights = (begin..<end).map { weight((Double($0 - begin) + Double(begin) - center + 0.5) * unit) }
        let sum = weights.reduce(0, +)
        return Taps.Window(first: begin, weights: weights.map { PillowFilter.fixedPoint(sum == 0 ? $0 : $0 / sum) })
      })
  }

  /// 22 fractional bits, halves away from zero.
  private static func fixedPoint(_ weight: Double) -> Int32 {
    Int32((weight * Double(1 << 22) + (weight < 0 ? -0.5 : 0.5)).rounded(.towardZero))
  }

  /// Pillow's NEAREST adds the scale up from pixel to pixel, rounding as it goes. Sizes that no picture has are not worth
  /// the way.
  static func nearest(_ axis: PictureFit.Axis) -> Taps {
    let scale = axis.scale
    let addsUp = axis.resized <= PixelView.maximumSide
    var position = scale * (addsUp ? 0.5 : Double(axis.shown.lowerBound) + 0.5)
    if addsUp { for _ in 0..<axis.shown.lowerBound { position += scale } }
    return Taps(
      axis.shown.map { _ in
        defer { position += scale }
        return Taps.Window(first: min(Int(position), axis.picture - 1), weights: [1 << 22])
      })
  }
}
