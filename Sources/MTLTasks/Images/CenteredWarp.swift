/// Where OpenCV's warpAffine (4.x, INTER_LINEAR) finds the pixels of an input into which a picture is fitted centre on
/// centre, its longer side across the input's width. Positions are 32nds of a pixel and values are rounded once, as there,
/// so that the grey levels are the same. Outside the picture is black.
enum CenteredWarp {
  /// Pixels of the picture for one of the input.
  static func scale(_ fit: PictureFit) -> Double {
    Double(max(fit.columns.picture, fit.rows.picture)) / Double(fit.columns.input)
  }

  /// Weights in 32nds. OpenCV keeps 10 bits of a position's fraction, then 5.
  static func pairs(_ axis: PictureFit.Axis, scale: Double) -> [PixelPair] {
    let start = (Double(axis.picture) - scale * Double(axis.input)) / 2
    let origin = Int((start * 1024).rounded(.toNearestOrEven)) + 16
    let inside = 0..<axis.picture
    return (0..<axis.input).map { place in
      let position = (origin + Int((scale * Double(place) * 1024).rounded(.toNearestOrEven))) >> 5
      let (pixel, share) = (position >> 5, Int32(position & 31))
      let weights = (inside.contains(pixel) ? 32 - share : 0, inside.contains(pixel + 1) ? share : 0)
      return PixelPair(pixel, weights, side: axis.picture)
    }
  }
}
