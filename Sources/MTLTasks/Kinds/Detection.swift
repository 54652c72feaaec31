/// A place, in pixels.
public struct Point: Sendable, Equatable {
  public var x: Float
  public var y: Float

  public init(x: Float, y: Float) {
    self.x = x
    self.y = y
  }
}

/// A rectangle by its sides, in pixels.
public struct Box: Sendable, Equatable {
  public var left: Float
  public var top: Float
  public var right: Float
  public var bottom: Float

  public init(left: Float, top: Float, right: Float, bottom: Float) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }

  func contains(_ point: Point) -> Bool {
    point.x >= left && point.x <= right && point.y >= top && point.y <= bottom
  }

  var longerSide: Float { max(bottom - top, right - left) }
}

/// An object found in an image.
public struct Detection: Sendable, Equatable {
  /// Index of its class.
  public let index: Int
  /// 0 to 1.
  public let score: Float
  public var box: Box
}

/// Reads CenterNet's maps: a heat map for each class, whose peaks are the centres of objects, the boxes' width and
/// height, and how far the centre lies from its pixel. Rules: xingyizhou/CenterNet, src/lib/models/decode.py.
///
/// Keeps its memory; for one thread.
public struct DetectionDecoder {
  /// Pixels of the input for one of the maps.
  let stride: Int
  private(set) var list: PeakList

  public static let defaultLimit = 100

  public init(stride: Int = 4, limit: Int = DetectionDecoder.defaultLimit) {
    self.stride = stride
    list = PeakList(limit: limit)
  }

  /// The same from a task's output: heat maps, width and height, offsets, one behind the other. False where it has too few.
  public mutating func decode(
    _ maps: FeatureMaps, above minimumScore: Float = 0, into detections: inout [Detection]
  ) -> Bool {
    let classes = maps.channels - 4
    guard classes > 0 else { return false }
    decode(
      heat: maps.channels(0..<classes), size: maps.channels(classes..<classes + 2),
      offset: maps.channels(classes + 2..<classes + 4), above: minimumScore, into: &detections)
    return true
  }

  /// Writes the objects of one image over `detections`, best first, boxes in pixels of the input. `offset` is left out
  /// by networks that do not have it. All maps are of one size; `size` and `offset` have two channels.
  public mutating func decode(
    heat: FeatureMaps, size: FeatureMaps, offset: FeatureMaps?, above minimumScore: Float = 0,
    into detections: inout [Detection]
  ) {
    list.find(in: heat, above: minimumScore)
    detections.removeAll(keepingCapacity: true)
    let scale = Float(stride)
    for peak in list.peaks {
      let center = peak.position(offset, scale: scale)
      let halfWidth = size[0, peak.row, peak.column] / 2 * scale
      let halfHeight = size[1, peak.row, peak.column] / 2 * scale
      let box = Box(
        left: center.x - halfWidth, top: center.y - halfHeight, right: center.x + halfWidth,
        bottom: center.y + halfHeight)
      detections.append(Detection(index: peak.channel, score: peak.score, box: box))
    }
  }
}
