import MTLNetworks

/// Where the network's input lies in the picture that it was made from.
public struct Placement: Sendable, Equatable {
  public let scaleX: Float
  public let scaleY: Float
  public let offsetX: Float
  public let offsetY: Float

  /// The input is the picture.
  public static let identity = Placement(scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0)

  public init(scaleX: Float, scaleY: Float, offsetX: Float, offsetY: Float) {
    self.scaleX = scaleX
    self.scaleY = scaleY
    self.offsetX = offsetX
    self.offsetY = offsetY
  }

  /// A picture whose longer side spans the input's width, centre on centre, as CenterNet fits it.
  public init(centered picture: (width: Int, height: Int), input: (width: Int, height: Int)) {
    let scale = Float(max(picture.width, picture.height)) / Float(input.width)
    self.init(
      scaleX: scale, scaleY: scale, offsetX: (Float(picture.width) - Float(input.width) * scale) / 2,
      offsetY: (Float(picture.height) - Float(input.height) * scale) / 2)
  }

  /// Where an input lies that was made of an upright picture of this size.
  public init(_ resize: InputDescription.Resize, picture: (width: Int, height: Int), input: (width: Int, height: Int)) {
    switch resize {
    case .center: self.init(centered: picture, input: input)
    case .stretch, .letterbox, .crop:
      let fit = PictureFit(resize, picture: picture, input: input)
      self.init(
        scaleX: Float(fit.columns.scale), scaleY: Float(fit.rows.scale),
        offsetX: Float(Double(fit.columns.origin) * fit.columns.scale),
        offsetY: Float(Double(fit.rows.origin) * fit.rows.scale))
    }
  }

  public func onPicture(_ point: Point) -> Point {
    Point(x: point.x * scaleX + offsetX, y: point.y * scaleY + offsetY)
  }

  public func onPicture(_ box: Box) -> Box {
    Box(
      left: box.left * scaleX + offsetX, top: box.top * scaleY + offsetY, right: box.right * scaleX + offsetX,
      bottom: box.bottom * scaleY + offsetY)
  }
}
