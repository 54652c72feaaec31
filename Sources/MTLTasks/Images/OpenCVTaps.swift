/// The weights of OpenCV's resize (modules/imgproc/src/resize.cpp, facts only). None but the area's widens when a picture
/// shrinks.
enum OpenCVTaps {
  /// Weights have 11 fractional bits where the pixels are bytes.
  private static func rounded(_ weight: Float) -> Float { (weight * 2048).rounded(.toNearestOrEven) }

  /// Pixels of the picture for one of the resized picture: the reciprocal of a quotient, as there.
  private static func scale(_ axis: PictureFit.Axis) -> Double { 1 / (Double(axis.resized) / Double(axis.picture)) }

  /// The left or upper one of two neighbours, and the share of the other.
  private static func position(_ output: Int, _ scale: Double) -> (pixel: Int, share: Float) {
    let place = Float((Double(output) + 0.5) * scale - 0.5)
    let pixel = place.rounded(.down)
    return (Int(pixel), place - pixel)
  }

  /// How INTER_AREA enlarges: pixels keep their sharp edges, and only what an edge cuts is mixed.
  private static func areaPosition(_ output: Int, _ scale: Double) -> (pixel: Int, share: Float) {
    let pixel = (Double(output) * scale).rounded(.down)
    let share = Float(Double(output + 1) - (pixel + 1) * (1 / scale))
    return (Int(pixel), share <= 0 ? 0 : share - share.rounded(.down))
  }

  /// INTER_LINEAR, or INTER_AREA where a side grows. Weights in 2048ths.
  static func linear(_ axis: PictureFit.Axis, enlargesArea: Bool = false) -> [PixelPair] {
    let scale = scale(axis)
    return axis.shown.map { output in
      let (pixel, share) = enlargesArea ? areaPosition(output, scale) : position(output, scale)
      return PixelPair(pixel, (Int32(rounded(1 - share)), Int32(rounded(share))), side: axis.picture)
    }
  }

  /// INTER_CUBIC, which is Keys' cubic with a = -0.75.
  static func cubic(_ axis: PictureFit.Axis, ofBytes: Bool) -> Taps {
    let scale = scale(axis)
    return Taps(
      axis.shown.map { output in
        let (pixel, share) = position(output, scale)
        let exact = cubicWeights(share)
        return Taps.Window(
          clamping: pixel - 1, ofBytes ? exact.map { rounded($0) / 2048 } : exact, side: axis.picture)
      })
  }

  /// The weights of four neighbours; the second one is `share` of a pixel away.
  static func cubicWeights(_ share: Float) -> [Float] {
    let a: Float = -0.75
    func near(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }
    let outer = ((a * (share + 1) - 5 * a) * (share + 1) + 8 * a) * (share + 1) - 4 * a
    let (second, third) = (near(share), near(1 - share))
    return [outer, second, third, 1 - outer - second - third]
  }

  /// Whether INTER_AREA makes each pixel of the plain mean of others; rounding may hide it, as there.
  static func isWholeReduction(_ axis: PictureFit.Axis) -> Bool {
    let scale = scale(axis)
    return axis.picture % axis.resized == 0 && abs(scale - scale.rounded()) < .ulpOfOne
  }

  /// The sum over the pixels that a whole reduction makes one of.
  static func sum(_ axis: PictureFit.Axis) -> Taps {
    let count = axis.picture / axis.resized
    return Taps(axis.shown.map { Taps.Window(first: $0 * count, weights: [Float](repeating: 1, count: count)) })
  }

  /// INTER_AREA where no side grows: every pixel by the part of it that is covered.
  static func area(_ axis: PictureFit.Axis) -> Taps {
    let scale = scale(axis)
    return Taps(axis.shown.map { coverage(from: Double($0) * scale, scale, side: axis.picture) })
  }

  /// Parts of less than a thousandth of a pixel are left out, as there.
  private static func coverage(from begin: Double, _ scale: Double, side: Int) -> Taps.Window<Float> {
    let end = begin + scale
    let width = min(scale, Double(side) - begin)
    let last = min(Int(end.rounded(.down)), side - 1)
    let first = min(Int(begin.rounded(.up)), last)
    let hasPartBefore = Double(first) - begin > 1e-3
    var weights = hasPartBefore ? [Float((Double(first) - begin) / width)] : []
    weights += [Float](repeating: Float(1 / width), count: last - first)
    if end - Double(last) > 1e-3 || weights.isEmpty {
      weights.append(Float(min(min(end - Double(last), 1), width) / width))
    }
    return Taps.Window(first: hasPartBefore ? first - 1 : first, weights: weights)
  }

  static func nearest(_ axis: PictureFit.Axis) -> Taps {
    let scale = scale(axis)
    return Taps(
      axis.shown.map { output in
        Taps.Window(first: min(Int((Double(output) * scale).rounded(.down)), axis.picture - 1), weights: [1 << 22])
      })
  }
}
