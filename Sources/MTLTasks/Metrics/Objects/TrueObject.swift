/// An object that is in a picture, as COCO's annotations describe it, in pixels of the picture.
public struct TrueObject: Sendable, Equatable {
  /// Index of its class.
  public let index: Int
  /// Left, top, width and height.
  public let box: (left: Double, top: Double, width: Double, height: Double)
  /// Of what the object covers, in square pixels.
  public let area: Double
  /// Whether the box holds many objects that are not told apart: what is found there is neither right nor wrong.
  public let isCrowd: Bool
  public let keyPoints: [KeyPoint]

  public struct KeyPoint: Sendable, Equatable {
    public let x: Double
    public let y: Double
    /// Whether somebody said where it is.
    public let isLabelled: Bool

    public init(x: Double, y: Double, isLabelled: Bool) { (self.x, self.y, self.isLabelled) = (x, y, isLabelled) }
  }

  public init(
    index: Int, box: (left: Double, top: Double, width: Double, height: Double), area: Double, isCrowd: Bool = false,
    keyPoints: [KeyPoint] = []
  ) {
    self.index = index
    self.box = box
    self.area = area
    self.isCrowd = isCrowd
    self.keyPoints = keyPoints
  }

  public static func == (left: TrueObject, right: TrueObject) -> Bool {
    left.index == right.index && left.box == right.box && left.area == right.area && left.isCrowd == right.isCrowd
      && left.keyPoints == right.keyPoints
  }
}

/// An object that a network found, in pixels of the picture.
public struct ScoredObject: Sendable, Equatable {
  public let index: Int
  public let score: Float
  public let box: Box
  public let points: [Point]

  public init(index: Int, score: Float, box: Box, points: [Point] = []) {
    (self.index, self.score, self.box, self.points) = (index, score, box, points)
  }
}
