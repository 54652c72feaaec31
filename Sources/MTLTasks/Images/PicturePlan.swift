import CMTLKernels
import MTLNetworks

/// How pictures of one size become an input of another: which pixels, with which weights, in which arithmetic.
final class PicturePlan {
  /// How lines of resized width are mixed down to the input's rows.
  enum Mixing {
    /// Sums of bytes with whole weights, rounded to bytes in both directions: Pillow.
    case bytes
    /// Two rows of whole numbers.
    case blend(mtlk_blend)
    /// Sums of floats times a factor, as the nearest grey level or, where it wraps, as the low byte.
    case levels(factor: Float, wraps: Bool)
    /// Sums of floats, which stay what they are.
    case floats

    /// Of a value between both directions.
    var elementSize: Int { if case .bytes = self { 1 } else { 4 } }
  }

  let fit: PictureFit
  let columns: Taps
  let rows: Taps
  let mixing: Mixing
  /// Whether the input shows the picture's own pixels.
  let isCopy: Bool

  init(_ input: InputDescription, picture: (width: Int, height: Int), input size: (width: Int, height: Int)) {
    fit = PictureFit(input.resize, picture: picture, input: size)
    isCopy =
      input.resize != .center && fit.columns.resized == picture.width && fit.rows.resized == picture.height
    (columns, rows, mixing) =
      input.resize == .center ? PicturePlan.centered(fit) : PicturePlan.resized(fit, input.filter)
  }

  func isFor(picture: (width: Int, height: Int), input: (width: Int, height: Int)) -> Bool {
    fit.columns.picture == picture.width && fit.rows.picture == picture.height && fit.columns.input == input.width
      && fit.rows.input == input.height
  }

  private typealias Parts = (columns: Taps, rows: Taps, mixing: Mixing)

  private static func centered(_ fit: PictureFit) -> Parts {
    let scale = CenteredWarp.scale(fit)
    return (
      PixelPair.columns(CenteredWarp.pairs(fit.columns, scale: scale)),
      PixelPair.rows(CenteredWarp.pairs(fit.rows, scale: scale)),
      .blend(mtlk_blend(sums: 0, products: 0, result: 10))
    )
  }

  private static func resized(_ fit: PictureFit, _ filter: InputDescription.Filter) -> Parts {
    func each(_ taps: (PictureFit.Axis) -> Taps, _ mixing: Mixing) -> Parts {
      (taps(fit.columns), taps(fit.rows), mixing)
    }
    switch filter {
    case .bilinear: return each(PillowFilter.bilinear.taps, .bytes)
    case .bicubic: return each(PillowFilter.bicubic.taps, .bytes)
    case .lanczos: return each(PillowFilter.lanczos.taps, .bytes)
    case .box: return each(PillowFilter.box.taps, .bytes)
    case .nearest: return each(PillowFilter.nearest, .bytes)
    case .openCVLinear: return isHalf(fit) ? area(fit) : linear(fit, enlargesArea: false)
    case .openCVCubic:
      return each({ OpenCVTaps.cubic($0, ofBytes: true) }, .levels(factor: 1, wraps: false))
    case .openCVCubicWrapped:
      return each({ OpenCVTaps.cubic($0, ofBytes: false) }, .levels(factor: 1, wraps: true))
    case .openCVArea:
      let isReduced = fit.columns.resized <= fit.columns.picture && fit.rows.resized <= fit.rows.picture
      return isReduced ? area(fit) : linear(fit, enlargesArea: true)
    case .openCVNearest: return each(OpenCVTaps.nearest, .bytes)
    case .torchBilinear: return each(TorchTaps.bilinear, .floats)
    case .torchBicubic: return each(TorchTaps.bicubic, .floats)
    }
  }

  /// OpenCV keeps 16 bits of a row's sums, and 2 more than a byte of each product.
  private static func linear(_ fit: PictureFit, enlargesArea: Bool) -> Parts {
    (
      PixelPair.columns(OpenCVTaps.linear(fit.columns, enlargesArea: enlargesArea)),
      PixelPair.rows(OpenCVTaps.linear(fit.rows, enlargesArea: enlargesArea)),
      .blend(mtlk_blend(sums: 4, products: 16, result: 2))
    )
  }

  /// Half the picture's size, for which OpenCV has a way of its own that rounds halves up; INTER_LINEAR takes it, too.
  private static func isHalf(_ fit: PictureFit) -> Bool {
    fit.columns.resized * 2 == fit.columns.picture && fit.rows.resized * 2 == fit.rows.picture
  }

  private static func area(_ fit: PictureFit) -> Parts {
    if isHalf(fit) {
      let pairs = fit.rows.shown.map { PixelPair($0 * 2, (1, 1), side: fit.rows.picture) }
      return (OpenCVTaps.sum(fit.columns), PixelPair.rows(pairs), .blend(mtlk_blend(sums: 0, products: 0, result: 2)))
    }
    guard OpenCVTaps.isWholeReduction(fit.columns), OpenCVTaps.isWholeReduction(fit.rows) else {
      return (OpenCVTaps.area(fit.columns), OpenCVTaps.area(fit.rows), .levels(factor: 1, wraps: false))
    }
    let area = fit.columns.picture / fit.columns.resized * (fit.rows.picture / fit.rows.resized)
    return (OpenCVTaps.sum(fit.columns), OpenCVTaps.sum(fit.rows), .levels(factor: 1 / Float(area), wraps: false))
  }
}
