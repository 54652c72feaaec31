/// Self-attention inside shifted windows of an image, with a bias for relative positions: the attention of Swin (Liu et
/// al., "Swin Transformer", 2021).
///
/// Inputs: queries, keys and values side by side, N x 3C x H x W; the bias, heads x window^2 x window^2, by query and key;
/// and the 3C numbers that stand in for pixels beyond the bottom and right edge, where the image is padded to whole
/// windows (the network's projection of a zero: its bias). Output N x C x H x W.
///
/// The windows are those of the image rolled up and left by `shift`; a shifted window does not look across the seam of
/// the roll. Along an axis with a single window nothing is shifted.
public struct WindowAttention: Operator {
  public static let name = "WindowAttention"
  public let heads: Int
  public let window: Int
  public let shift: Int

  public init(heads: Int, window: Int, shift: Int) {
    self.heads = heads
    self.window = window
    self.shift = shift
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 3...3)
    try requireRank(inputs[0], 4)
    let shape = inputs[0]
    let tokens = window.saturatingProduct(window)
    guard (1...256).contains(window), (0..<window).contains(shift) else {
      throw MTLError(.shapeMismatch, "window", expected: "1 to 256 and a smaller shift", found: "\(window), \(shift)")
    }
    guard heads >= 1, shape[1] % (3 * heads) == 0, shape[1] > 0 else {
      throw MTLError(.shapeMismatch, "heads", expected: "a divisor of \(shape[1]) / 3 channels", found: "\(heads)")
    }
    guard inputs[1].dimensions == [heads, tokens, tokens] else {
      throw MTLError(.shapeMismatch, "bias", expected: "\(heads)x\(tokens)x\(tokens)", found: "\(inputs[1])")
    }
    guard inputs[2].dimensions == [shape[1]] else {
      throw MTLError(.shapeMismatch, "padding", expected: "\(shape[1])", found: "\(inputs[2])")
    }
    return [[shape[0], shape[1] / 3, shape[2], shape[3]]]
  }

  /// How an image of this size is cut into windows.
  public struct Grid: Sendable {
    public let rows: Int
    public let columns: Int
    public let window: Int
    public let rowShift: Int
    public let columnShift: Int
    /// Windows along each axis.
    public let windowRows: Int
    public let windowColumns: Int

    /// For token `token` of window `index`: its pixel (nil in the padding) and its region; tokens of different regions
    /// do not see each other.
    public func place(window index: Int, token: Int) -> (pixel: Int?, region: Int) {
      let y = index / windowColumns * window + token / window
      let x = index % windowColumns * window + token % window
      let (height, width) = (windowRows * window, windowColumns * window)
      let row = (y + rowShift) % height
      let column = (x + columnShift) % width
      let region = Grid.region(y, height, window, rowShift) * 3 + Grid.region(x, width, window, columnShift)
      return (row < rows && column < columns ? row * columns + column : nil, region)
    }

    private static func region(_ place: Int, _ size: Int, _ window: Int, _ shift: Int) -> Int {
      shift == 0 || place < size - window ? 0 : place < size - shift ? 1 : 2
    }
  }

  public func grid(rows: Int, columns: Int) -> Grid {
    let (windowRows, windowColumns) = ((rows + window - 1) / window, (columns + window - 1) / window)
    return Grid(
      rows: rows, columns: columns, window: window, rowShift: windowRows > 1 ? shift : 0,
      columnShift: windowColumns > 1 ? shift : 0, windowRows: windowRows, windowColumns: windowColumns)
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let output = try outputShapes(inputs.map(\.shape))[0]
    let pixels = output[2] * output[3]
    let depth = output[1] / heads
    let (x, bias, padding) = (try inputs[0].floats(), try inputs[1].floats(), try inputs[2].floats())
    let grid = grid(rows: output[2], columns: output[3])
    let tokens = window * window
    let factor = 1 / Float(depth).squareRoot()
    var result = [Float](repeating: 0, count: output.elementCount)
    for image in 0..<output[0] {
      for index in 0..<grid.windowRows * grid.windowColumns {
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
              return product * factor + bias[(head * tokens + query) * tokens + key] + (isSeen ? 0 : -100)
            }
            Softmax.apply(&scores)
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
    let tokens = (grid.windowRows * window).saturatingProduct(grid.windowColumns * window)
    return outputs[0][0].saturatingProduct(tokens).saturatingProduct(window * window)
      .saturatingProduct(2 * outputs[0][1])
  }
}
