/// An object in a picture, as COCO describes it. Lengths are in pixels.
public struct ObjectAnnotation: Sendable, Equatable {
  public let category: String
  /// Its place among the data set's categories in the order of their ids.
  public let categoryIndex: Int
  public let left: Double
  public let top: Double
  public let width: Double
  public let height: Double
  /// Of what the object covers.
  public let area: Double
  /// Whether the box holds many objects that are not told apart.
  public let isCrowd: Bool
  /// x, y and visibility of each key point: 0 not labelled, 1 hidden, 2 visible. Empty where there are none.
  public let keyPoints: [Double]
}
