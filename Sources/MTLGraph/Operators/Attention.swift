import Glibc

/// Scaled dot-product attention of several heads, "Attention Is All You Need" (Vaswani et al., 2017). Tokens are the
/// pixels of images: queries N x C x H x W, keys N x C x H' x W', values N x D x H' x W'; output N x D x H x W. Channels
/// are split into `heads` equal parts in order.
public struct Attention: Operator {
  public static let name = "Attention"
  public let heads: Int
  /// Factor of the products; nil is 1 / sqrt(channels of a head).
  public let scale: Float?
  /// The softmax runs over the queries and is then divided by its sum over the keys: the `inverted_cross_attn` of
  /// lucidrains/perceiver-pytorch (an L1 normalisation with its epsilon of 1e-8).
  public let isInverted: Bool
  /// Of an attention that is not inverted.
  public let grids: ScoreGrids

  /// What an inverted softmax is divided by at least.
  public static let smallestSum: Float = 1e-8

  public init(heads: Int, scale: Float? = nil, isInverted: Bool = false, grids: ScoreGrids = ScoreGrids()) {
    self.heads = heads
    self.scale = scale
    self.isInverted = isInverted
    self.grids = grids
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 3...3)
    for shape in inputs { try requireRank(shape, 4) }
    let (queries, keys, values) = (inputs[0], inputs[1], inputs[2])
    guard heads >= 1, queries[1] % heads == 0, values[1] % heads == 0, queries[1] > 0 else {
      throw MTLError(
        .shapeMismatch, "heads", expected: "a divisor of \(queries[1]) and \(values[1]) channels", found: "\(heads)")
    }
    guard queries[0] == keys[0], queries[1] == keys[1] else {
      throw MTLError(.shapeMismatch, "keys", expected: "\(queries[0])x\(queries[1])x?x?", found: "\(keys)")
    }
    guard keys[0] == values[0], keys[2] == values[2], keys[3] == values[3], keys[2] * keys[3] > 0 else {
      throw MTLError(.shapeMismatch, "values", expected: "as many tokens as keys \(keys)", found: "\(values)")
    }
    return [[queries[0], values[1], queries[2], queries[3]]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let output = try outputShapes(inputs.map(\.shape))[0]
    let (q, k, v) = (try inputs[0].floats(), try inputs[1].floats(), try inputs[2].floats())
    let (shape, keyShape) = (inputs[0].shape, inputs[1].shape)
    let (queries, keys) = (shape[2] * shape[3], keyShape[2] * keyShape[3])
    let (depth, width) = (shape[1] / heads, output[1] / heads)
    let factor = scale ?? 1 / Float(depth).squareRoot()
    var result = [Float](repeating: 0, count: output.elementCount)
    for part in 0..<shape[0] * heads {
      // Keys innermost: that is how they lie in memory.
      var scores = (0..<queries).map { query -> [Float] in
        var row = [Float](repeating: 0, count: keys)
        for d in 0..<depth {
          let (value, start) = (q[(part * depth + d) * queries + query], (part * depth + d) * keys)
          for key in 0..<keys { row[key] += value * k[start + key] }
        }
        for key in 0..<keys { row[key] = grids.score(row[key] * factor, bias: 0) }
        return row
      }
      normalize(&scores)
      if let grid = grids.weight { scores = scores.map { $0.map { grids.rounded($0, grid) } } }
      for d in 0..<width {
        for query in 0..<queries {
          let row = (part * width + d) * keys
          result[(part * width + d) * queries + query] = (0..<keys).reduce(0) { $0 + scores[query][$1] * v[row + $1] }
        }
      }
    }
    return [Tensor(result, shape: output)]
  }

  private func normalize(_ scores: inout [[Float]]) {
    guard isInverted else {
      for query in scores.indices { Softmax.apply(&scores[query]) }
      return
    }
    for key in scores[0].indices {
      var column = scores.map { $0[key] }
      Softmax.apply(&column)
      for query in scores.indices { scores[query][key] = column[query] }
    }
    for query in scores.indices {
      let sum = scores[query].reduce(0) { $0 + abs($1) }
      let divisor = max(sum, Attention.smallestSum)
      scores[query] = scores[query].map { $0 / divisor }
    }
  }

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    let pairs = inputs[0].dimensions[2...].reduce(inputs[0][0], { $0.saturatingProduct($1) })
      .saturatingProduct(inputs[1][2] * inputs[1][3])
    return pairs.saturatingProduct(inputs[0][1] + inputs[2][1])
  }
}
