import MTLGraph

/// How a value lies in the arena.
enum Layout: Hashable {
  /// Row-major in the value's own shape.
  case planar
  /// N images of [channels / lane][rows][columns][lane].
  case blocked(lane: Int)

  /// Channels that share a cache line of float32.
  static let lane = 16
  static let blocked = Layout.blocked(lane: lane)

  /// Channels that lie side by side in an image of this layout.
  var lane: Int {
    switch self {
    case .planar: 1
    case .blocked(let lane): lane
    }
  }
}

/// A value's place in the arena, known by number until the memory is planned.
struct Buffer: Hashable {
  let index: Int
  let shape: Shape
  let layout: Layout

  /// Floats of one image, or of one row of a value that is no image.
  var imageElementCount: Int {
    guard shape.rank == 4 else { return shape.dimensions.dropFirst().reduce(1, *) }
    return blockCount * layout.lane * shape[2] * shape[3]
  }

  /// Blocks of channels of an image.
  var blockCount: Int { (shape[1] + layout.lane - 1) / layout.lane }

  var imageCount: Int { shape.rank > 0 ? shape[0] : 1 }

  /// Pixels of an image.
  var pixelCount: Int { shape.rank == 4 ? shape[2] * shape[3] : 1 }

  /// Floats of the whole buffer.
  var elementCount: Int { (shape.rank > 0 ? shape[0] : 1) * imageElementCount }
}
