/// Self-attention inside shifted windows of an image, with a bias for relative positions: the attention of Swin (Liu et
/// al., "Swin Transformer", 2021).
///
/// Inputs: queries, keys and values side by side, N x 3C x H x W; the bias, heads x T x T for the T tokens of a window, by
/// query and key; and the 3C numbers that stand in for pixels beyond the bottom and right edge, where the image is padded
/// to whole windows (the network's projection of a zero: its bias). Output N x C x H x W.
///
/// With grids, what a token does not see has no weight, whatever its score would be rounded to.
///
/// The windows are those of the image rolled up and left by `shift`; a shifted window does not look across the seam of
/// the roll. `edges` says what code bases do differently where an image is small or no multiple of the window.
public struct WindowAttention: Operator {
  public static let name = "WindowAttention"

  public enum Edges: Sendable {
    /// Padded, then rolled; along an axis with a single window nothing is shifted (torchvision).
    case paddedFirst
    /// Rolled, then padded, so that the padding stays at the edge; the same rule of shifting (timm).
    case rolledFirst
    /// Padded, then rolled; nothing is shifted where either side is no longer than the window (Microsoft).
    case paddedFirstOrWhole
  }

  public let heads: Int
  public let window: Window.Pair
  public let shift: Window.Pair
  public let edges: Edges
  /// Factor of the products; nil is 1 / sqrt(channels of a head).
  public let scale: Float?
  public let grids: ScoreGrids

  public init(
    heads: Int, window: Window.Pair, shift: Window.Pair, edges: Edges = .paddedFirst, scale: Float? = nil,
    grids: ScoreGrids = ScoreGrids()
  ) {
    (self.scale, self.grids) = (scale, grids)
    self.heads = heads
    self.window = window
    self.shift = shift
    self.edges = edges
  }

  /// Pixels of a window.
  public var tokenCount: Int { window.rows.saturatingProduct(window.columns) }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 3...3)
    try requireRank(inputs[0], 4)
    let shape = inputs[0]
    for (size, shift) in [(window.rows, shift.rows), (window.columns, shift.columns)] {
      guard (1...256).contains(size), (0..<size).contains(shift) else {
        throw MTLError(.shapeMismatch, "window", expected: "1 to 256 and a smaller shift", found: "\(size), \(shift)")
      }
    }
    guard heads >= 1, shape[1] % (3 * heads) == 0, shape[1] > 0 else {
      throw MTLError(.shapeMismatch, "heads", expected: "a divisor of \(shape[1]) / 3 channels", found: "\(heads)")
    }
    guard inputs[1].dimensions == [heads, tokenCount, tokenCount] else {
      throw MTLError(
        .shapeMismatch, "bias", expected: "\(heads)x\(tokenCount)x\(tokenCount)", found: "\(inputs[1])")
    }
    guard inputs[2].dimensions == [shape[1]] else {
      throw MTLError(.shapeMismatch, "padding", expected: "\(shape[1])", found: "\(inputs[2])")
    }
    return [[shape[0], shape[1] / 3, shape[2], shape[3]]]
  }

  /// How an image of this size is cut into windows.
  public struct Grid: Sendable {
    /// One axis: its pixels, the window's side and how far the image is rolled.
    public struct Axis: Sendable {
      public let size: Int
      public let window: Int
      public let shift: Int
      public let isRolledFirst: Bool

      public var windows: Int { (size + window - 1) / window }

      /// For a place of the rolled and padded axis its pixel, nil in the padding, and its region.
      public func place(_ place: Int) -> (pixel: Int?, region: Int) {
        let length = windows * window
        let region = shift == 0 || place < length - window ? 0 : place < length - shift ? 1 : 2
        if isRolledFirst { return (place < size ? (place + shift) % size : nil, region) }
        let pixel = (place + shift) % length
        return (pixel < size ? pixel : nil, region)
      }
    }

    public let rows: Axis
    public let columns: Axis

    public var windowCount: Int { rows.windows * columns.windows }

    /// For token `token` of window `index`: its pixel (nil in the padding) and its region; tokens of different regions
    /// do not see each other.
    public func place(window index: Int, token: Int) -> (pixel: Int?, region: Int) {
      let row = rows.place(index / columns.windows * rows.window + token / columns.window)
      let column = columns.place(index % columns.windows * columns.window + token % columns.window)
      let region = row.region * 3 + column.region
      guard let y = row.pixel, let x = column.pixel else { return (nil, region) }
      return (y * columns.size + x, region)
    }
  }

  public func grid(rows: Int, columns: Int) -> Grid {
    let isWhole = edges == .paddedFirstOrWhole && (rows <= window.rows || columns <= window.columns)
    func axis(_ size: Int, _ window: Int, _ shift: Int) -> Grid.Axis {
      Grid.Axis(
        size: size, window: window, shift: isWhole || size <= window ? 0 : shift, isRolledFirst: edges == .rolledFirst)
    }
    return Grid(rows: axis(rows, window.rows, shift.rows), columns: axis(columns, window.columns, shift.columns))
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let output = try outputShapes(inputs.map(\.shape))[0]
    let pixels = output[2] * output[3]
    let depth = output[1] / heads
    let (x, bias, padding) = (try inputs[0].floats(), try inputs[1].floats(), try inputs[2].floats())
    let grid = grid(rows: output[2], columns: output[3])
    let tokens = tokenCount
    let factor = scale ?? 1 / Float(depth).squareRoot()
    var result = [Float](repeating: 0, count: output.elementCount)
    for image in 0..<output[0] {
      for index in 0..<grid.windowCount {
        let places = (0..<tokens).map { grid.place(window: index, token: $0) }
        func value(_ channel: Int, _ token: Int) -> Float {
          places[token].pixel.map { x[(image * 3 * output[1] + channel) * pixels + $0] } ?? padding[channel]
        }
        for head in 0..<heads {
          let channels = (0..<depth).map { head * depth + $0 }
          for query in 0..<tokens {
            guard let pixel = places[query].pixel else { continue }
            var scores = (0..<tokens).map { key -> Float in
              let product = channels.reduce(0) { $0 + value($1, query) * value(output[1] + $1, key) }
              let isSeen = places[key].region == places[query].region
              let own = bias[(head * tokens + query) * tokens + key]
              guard isSeen else { return grids.isEmpty ? product * factor + own - 100 : -.infinity }
              return grids.score(product * factor, bias: own)
            }
            Softmax.apply(&scores)
            scores = scores.map { grids.rounded($0, grids.weight) }
            for channel in channels {
              result[(image * output[1] + channel) * pixels + pixel] = (0..<tokens).reduce(0) {
                $0 + scores[$1] * value(2 * output[1] + channel, $1)
              }
            }
          }
        }
      }
    }
    return [Tensor(result, shape: output)]
  }

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    let grid = grid(rows: outputs[0][2], columns: outputs[0][3])
    return outputs[0][0].saturatingProduct(grid.windowCount).saturatingProduct(tokenCount)
      .saturatingProduct(tokenCount).saturatingProduct(2 * outputs[0][1])
  }
}
