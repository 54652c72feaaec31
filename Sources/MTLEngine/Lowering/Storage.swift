import CMTLKernels
import MTLGraph

/// How a value lies in the arena.
enum Layout: Hashable {
  /// Row-major in the value's own shape.
  case planar
  /// N images of [channels / lane][rows][columns][lane].
  case blocked(lane: Int)
  /// N images of [channels / lane][rows][columns][lane] bytes, which stand for numbers of a grid; lane is 64, or 4 for
  /// images of no more channels. Sizes and offsets count floats here, too: a pixel's block of 64 bytes is as long as one
  /// of 16 floats.
  case bytes(ByteGrid, lane: Int)
  /// N images of [channels / 32][rows][columns][32] bfloat16; sizes and offsets count floats here, too.
  case halves

  /// Channels that share a cache line of float32.
  static let lane = 16
  static let blocked = Layout.blocked(lane: lane)

  /// Channels that lie side by side in an image of this layout.
  var lane: Int {
    switch self {
    case .planar: 1
    case .blocked(let lane): lane
    case .bytes(_, let lane): lane
    case .halves: Int(MTLK_HALF_LANE)
    }
  }

  /// Floats that a block of channels takes at a pixel.
  var blockFloats: Int { lane * numbers.byteCount / MemoryLayout<Float>.size }

  var isBlocked: Bool { if case .blocked = self { true } else { false } }

  /// What elements are. A pixel's block is as long in all of them.
  var numbers: NumberFormat {
    switch self {
    case .planar, .blocked: .floats
    case .bytes: .bytes
    case .halves: .halves
    }
  }

  /// What the bytes stand for; nil for other numbers.
  var grid: ByteGrid? { if case .bytes(let grid, _) = self { grid } else { nil } }

  /// Whether elements have fewer bits than floats.
  var isNarrow: Bool { numbers != .floats }
}

/// A value's place in the arena: a storage of its own, or a part of one that it shares with others.
struct Buffer: Hashable {
  let index: Int
  /// The storage, known by number until the memory is planned.
  let storage: Int
  let shape: Shape
  let layout: Layout
  /// Floats from the start of the storage to the first image.
  let elementOffset: Int
  /// Floats from one image to the next; more than an image's own where the value is a part of a larger one.
  let imageStride: Int

  /// A value that fills its storage.
  init(index: Int, storage: Int, shape: Shape, layout: Layout) {
    self.index = index
    self.storage = storage
    self.shape = shape
    self.layout = layout
    elementOffset = 0
    imageStride = Buffer.imageElementCount(shape, layout)
  }

  init(index: Int, shape: Shape, layout: Layout, partOf whole: Buffer, elementOffset: Int, imageStride: Int) {
    self.index = index
    self.shape = shape
    self.layout = layout
    storage = whole.storage
    self.elementOffset = whole.elementOffset + elementOffset
    self.imageStride = imageStride
  }

  /// Floats of one image, or of one row of a value that is no image.
  var imageElementCount: Int { Buffer.imageElementCount(shape, layout) }

  private static func imageElementCount(_ shape: Shape, _ layout: Layout) -> Int {
    guard shape.rank == 4 else { return shape.dimensions.dropFirst().reduce(1, *) }
    return (shape[1] + layout.lane - 1) / layout.lane * layout.blockFloats * shape[2] * shape[3]
  }

  /// Floats from an image's start to the block that begins with this channel.
  func channelOffset(_ channel: Int) -> Int { channel / layout.lane * layout.blockFloats * pixelCount }

  /// Blocks of channels of an image.
  var blockCount: Int { (shape[1] + layout.lane - 1) / layout.lane }

  var imageCount: Int { shape.rank > 0 ? shape[0] : 1 }

  /// Pixels of an image.
  var pixelCount: Int { shape.rank == 4 ? shape[2] * shape[3] : 1 }

  /// Floats of the whole value.
  var elementCount: Int { imageCount * imageElementCount }

  /// Whether the images follow one another without gaps.
  var isContiguous: Bool { imageCount <= 1 || imageStride == imageElementCount }
}
