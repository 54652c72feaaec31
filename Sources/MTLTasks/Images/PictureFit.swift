import MTLNetworks

/// How a picture is fitted into an input: the size it is resized to, and which part of that the input shows.
struct PictureFit {
  /// One direction, in pixels.
  struct Axis {
    /// Sides of the picture, of the resized picture and of the input.
    let picture: Int
    let resized: Int
    let input: Int
    /// The pixel of the resized picture at the input's first one; negative where the picture begins further on.
    let origin: Int

    /// Pixels of the picture for one of the resized picture.
    var scale: Double { Double(picture) / Double(resized) }

    /// The pixels of the input that show the picture.
    var visible: Range<Int> { max(0, -origin)..<min(input, resized - origin) }

    /// The pixels of the resized picture that the input shows.
    var shown: Range<Int> { max(0, origin)..<min(resized, input + origin) }
  }

  let columns: Axis
  let rows: Axis
  /// Grey level around the picture.
  let fill: UInt8

  init(_ resize: InputDescription.Resize, picture: (width: Int, height: Int), input: (width: Int, height: Int)) {
    switch resize {
    case .stretch, .center:
      columns = Axis(picture: picture.width, resized: input.width, input: input.width, origin: 0)
      rows = Axis(picture: picture.height, resized: input.height, input: input.height, origin: 0)
      fill = 0
    case .letterbox(let fill):
      let scale = min(
        Double(input.height) / Double(picture.height), Double(input.width) / Double(picture.width))
      columns = PictureFit.letterbox(picture.width, in: input.width, scale)
      rows = PictureFit.letterbox(picture.height, in: input.height, scale)
      self.fill = fill
    case .crop(let shorterSide):
      let shorter = min(picture.width, picture.height)
      columns = PictureFit.crop(picture.width, to: input.width, shorter, shorterSide)
      rows = PictureFit.crop(picture.height, to: input.height, shorter, shorterSide)
      fill = 0
    }
  }

  /// YOLO's: Python's round, which takes halves to even; an odd rest leaves one pixel more behind than before.
  private static func letterbox(_ picture: Int, in input: Int, _ scale: Double) -> Axis {
    let resized = min(max(1, Int((Double(picture) * scale).rounded(.toNearestOrEven))), input)
    return Axis(picture: picture, resized: resized, input: input, origin: -((input - resized) / 2))
  }

  /// torchvision's Resize and CenterCrop, which puts black around what is smaller than the crop.
  private static func crop(_ picture: Int, to input: Int, _ shorter: Int, _ shorterSide: Int) -> Axis {
    let resized = shorterSide * picture / shorter
    let origin =
      resized < input
      ? -((input - resized) / 2) : Int((Double(resized - input) / 2).rounded(.toNearestOrEven))
    return Axis(picture: picture, resized: resized, input: input, origin: origin)
  }
}
