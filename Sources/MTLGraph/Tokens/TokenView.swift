/// A value whose last axis is, or was, the channels of tokens, as it stands in an image: token by token in another order,
/// or reshaped and transposed further.
struct TokenView {
  /// N x C x H x W.
  let image: TokenImage
  /// For each row of the matrix of tokens x channels its pixel, counted through all images, or -1 for a row of padding;
  /// nil where the rows are the pixels in their order.
  var rows: [Int32]?
  /// What rows of padding hold, C numbers; nil where there are none, or where nobody knows.
  var padding: [Float]?
  /// The value's elements in that matrix.
  var layout: FactoredView
  /// A number that the elements have still to be multiplied by.
  var factor: Float = 1
  /// Moves since the last value that exists for itself.
  var depth = 0

  /// The pixels of an image, and a value of this shape, whose last axis is the channels.
  init(_ image: TokenImage, shape: Shape, rows: [Int32]? = nil, padding: [Float]? = nil) {
    self.image = image
    self.rows = rows.flatMap { TokenView.isEveryPixel($0, image) ? nil : $0 }
    self.padding = self.rows?.contains(-1) == true ? padding : nil
    layout = FactoredView(shape)
  }

  /// An image in its own order of axes: of rank 3 or 4, channels second.
  init(channelsFirst image: TokenImage, rank: Int) {
    self.image = image
    let (channels, pixels) = (image.channels, image.pixels)
    let token = FactoredView.Factor(size: pixels, stride: channels)
    var axes: [[FactoredView.Factor]] = [
      [.init(size: image.images, stride: pixels * channels)], [.init(size: channels, stride: 1)],
    ]
    if rank == 4 {
      axes.append([.init(size: image.height, stride: image.width * channels)])
      axes.append([.init(size: image.width, stride: channels)])
    } else {
      axes.append([token])
    }
    layout = FactoredView(axes: axes)
  }

  private static func isEveryPixel(_ rows: [Int32], _ image: TokenImage) -> Bool {
    rows.count == image.images * image.pixels && rows.indices.allSatisfy { rows[$0] == $0 }
  }

  var isPadded: Bool { rows?.contains(-1) == true }

  /// Whether rows of padding hold what only the operators would tell that were left out.
  var hasUnknownRows: Bool { padding == nil && isPadded }

  var rowCount: Int { rows?.count ?? image.images * image.pixels }

  /// The pixel of a row of the matrix.
  func pixel(_ row: Int) -> Int { rows.map { Int($0[row]) } ?? row }

  /// The channels that the value shows, and how it stands in an image of these alone; nil where it goes through channels and
  /// pixels at once.
  var shownChannels: (range: Range<Int>, layout: FactoredView)? {
    let width = image.channels
    let factors = layout.axes.flatMap { $0 }
    guard factors.allSatisfy({ $0.stride < width || $0.stride % width == 0 }) else { return nil }
    let span = factors.filter { $0.stride < width }.reduce(1) { $0 + ($1.size - 1) * $1.stride }
    let (row, first) = layout.offset.quotientAndRemainder(dividingBy: width)
    guard first + span <= width else { return nil }
    let axes = layout.axes.map { axis in
      axis.map { factor in
        factor.stride < width
          ? factor : FactoredView.Factor(size: factor.size, stride: factor.stride / width * span)
      }
    }
    return (first..<first + span, FactoredView(axes: axes, offset: row * span))
  }

  /// Whether the value is the matrix of tokens x channels, but for the shape of the tokens.
  func isMatrix(_ shape: Shape) -> Bool {
    factor == 1 && shape.dimensions.last == image.channels && layout.offset == 0
      && layout.factors == FactoredView([rowCount, image.channels]).factors
  }

  /// The images in their own order, but for the shape of the pixels.
  func isChannelsFirst(_ shape: Shape) -> Bool {
    guard factor == 1, rows == nil, layout.offset == 0, shape.rank >= 2, shape[0] == image.images,
      shape[1] == image.channels
    else { return false }
    return layout == TokenView(channelsFirst: image, rank: 3).layout.reshaped(to: shape)
  }
}

/// A value of the new graph that is an image, N x C x H x W, but for its shape.
struct TokenImage: Equatable {
  let value: ValueID
  /// Of the value.
  let valueShape: Shape
  let images: Int
  let channels: Int
  let height: Int
  let width: Int

  init(_ value: ValueID, _ shape: Shape, valueShape: Shape? = nil) {
    self.value = value
    self.valueShape = valueShape ?? shape
    (images, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
  }

  var pixels: Int { height * width }
  var shape: Shape { [images, channels, height, width] }
}
