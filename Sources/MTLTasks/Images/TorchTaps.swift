/// The weights of torch.nn.functional.interpolate with align_corners=False and antialias=False (ATen's UpSample.h, facts
/// only): of two or four neighbours, however much the picture shrinks.
enum TorchTaps {
  static func bilinear(_ axis: PictureFit.Axis) -> Taps {
    Taps(
      axis.shown.map { output in
        let place = max(position(output, axis), 0)
        let pixel = place.rounded(.down)
        return Taps.Window(clamping: Int(pixel), [1 - (place - pixel), place - pixel], side: axis.picture)
      })
  }

  static func bicubic(_ axis: PictureFit.Axis) -> Taps {
    Taps(
      axis.shown.map { output in
        let place = position(output, axis)
        let pixel = place.rounded(.down)
        return Taps.Window(clamping: Int(pixel) - 1, OpenCVTaps.cubicWeights(place - pixel), side: axis.picture)
      })
  }

  private static func position(_ output: Int, _ axis: PictureFit.Axis) -> Float {
    Float(axis.picture) / Float(axis.resized) * (Float(output) + 0.5) - 0.5
  }
}
