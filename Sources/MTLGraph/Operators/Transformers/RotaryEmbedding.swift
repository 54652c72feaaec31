/// Turns pairs of numbers of each head by angles that depend on the place in the sequence.
public struct RotaryEmbedding: GeneralOperator, StandardOperator {
  public static let name = "RotaryEmbedding"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      RotaryEmbedding(
        isInterleaved: try attributes.flag("interleaved"),
        width: try attributes.integer("rotary_embedding_dim", default: 0),
        heads: try attributes.integer("num_heads", default: 0))
    }
  ]
  private let isInterleaved: Bool
  /// Numbers of each head that are turned; 0 is all.
  private let width: Int
  private let heads: Int

  init(isInterleaved: Bool, width: Int, heads: Int) {
    (self.isInterleaved, self.width, self.heads) = (isInterleaved, width, heads)
  }

  /// Batch, heads, places and numbers of a head.
  private func sizes(_ shape: Shape) throws(MTLError) -> (batch: Int, heads: Int, places: Int, depth: Int) {
    if shape.rank == 4 { return (shape[0], shape[1], shape[2], shape[3]) }
    guard shape.rank == 3, heads > 0, shape[2] % heads == 0 else {
      throw MTLError(.shapeMismatch, "input", expected: "rank 4, or rank 3 and heads that divide it", found: "\(shape)")
    }
    return (shape[0], heads, shape[1], shape[2] / heads)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    _ = try inputs.required(2)
    guard let shape = input.shape else { return [Fact(input.type, nil)] }
    let depth = try sizes(shape).depth
    guard width >= 0, width <= depth, (width == 0 ? depth : width) % 2 == 0 else {
      throw MTLError(.shapeMismatch, "rotary_embedding_dim", expected: "an even part of \(depth)", found: "\(width)")
    }
    return [Fact(input.type, shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, cosines, sines) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    _ = try outputShape(inputs)
    let sizes = try sizes(input.shape)
    let half = (width == 0 ? sizes.depth : width) / 2
    let rows = try rows(inputs.optional(3), cosines.shape, sizes.batch, sizes.places)
    guard cosines.shape == sines.shape, cosines.shape.dimensions.last == half else {
      throw MTLError(.shapeMismatch, "caches", expected: "\(half) numbers a place", found: "\(cosines.shape)")
    }
    let (cos, sin) = (cosines.numbers(), sines.numbers())
    let rounding = Rounding(input.type)
    var values = input.numbers()
    for image in 0..<sizes.batch {
      for head in 0..<sizes.heads {
        for place in 0..<sizes.places {
          let start =
            input.shape.rank == 4
            ? ((image * sizes.heads + head) * sizes.places + place) * sizes.depth
            : ((image * sizes.places + place) * sizes.heads + head) * sizes.depth
          let row = rows[image * sizes.places + place] * half
          for pair in 0..<half {
            let first = start + (isInterleaved ? 2 * pair : pair)
            let second = start + (isInterleaved ? 2 * pair + 1 : pair + half)
            let (a, b, c, s) = (values[first], values[second], cos[row + pair], sin[row + pair])
            values[first] = rounding.round(c * a) - rounding.round(s * b)
            values[second] = rounding.round(s * a) + rounding.round(c * b)
          }
        }
      }
    }
    return [Tensor(values, as: input.type, shape: input.shape)]
  }

  /// The caches' row for each place of each image.
  private func rows(_ ids: Tensor?, _ cache: Shape, _ batch: Int, _ places: Int) throws(MTLError) -> [Int] {
    guard let ids else {
      guard cache.rank == 3, cache[0] == batch, cache[1] == places else {
        throw MTLError(.shapeMismatch, "caches", expected: "\(batch)x\(places)xN", found: "\(cache)")
      }
      return Array(0..<batch * places)
    }
    guard cache.rank == 2, ids.shape == [batch, places] else {
      throw MTLError(.shapeMismatch, "position_ids", expected: "\(batch)x\(places)", found: "\(ids.shape)")
    }
    return try ids.places(within: cache[0])
  }
}
