/// Attention becomes `Attention` where each image's tokens see each other, and `WindowAttention` where windows do.
extension TokenRewriter {
  mutating func attend(_ node: Node) throws(MTLError) -> Bool {
    guard let pattern = try AttentionPattern(node, in: self) else { return false }
    if pattern.isInverted, pattern.bias != nil { return false }
    guard let operands = try operands(of: pattern),
      let values = operands.last, values.view.factor == 1
    else { return false }
    let scale = pattern.scale * operands[0].view.factor * operands[1].view.factor
    if pattern.bias?.contains(where: { $0 != 0 }) != true,
      try attendImages(node, operands, scale: scale, pattern)
    {
      return true
    }
    if pattern.isInverted { return false }
    return try attendWindows(node, operands, scale: scale, pattern)
  }

  /// Queries, keys and values, in the same images or windows and heads.
  private mutating func operands(of pattern: AttentionPattern) throws(MTLError) -> [AttentionOperand]? {
    var operands: [AttentionOperand] = []
    for (value, isTransposed) in [(pattern.queries, false), (pattern.keys, true), (pattern.values, false)] {
      let rank = shape(value).rank
      guard rank >= 2, let view = try attentionView(value, isTransposed),
        let operand = AttentionOperand(
          view, tokenAxis: isTransposed ? rank - 1 : rank - 2, depthAxis: isTransposed ? rank - 2 : rank - 1)
      else { return nil }
      operands.append(operand)
    }
    let (queries, keys, values) = (operands[0], operands[1], operands[2])
    guard queries.batch == keys.batch, keys.batch == values.batch, queries.depth == keys.depth,
      keys.pixels == values.pixels, keys.view.image.isLike(values.view.image)
    else { return nil }
    return operands
  }

  /// A value that attention reads may be in no image yet: one head whose tokens are computed in rows.
  private mutating func attentionView(_ value: ValueID, _ isTransposed: Bool) throws(MTLError) -> TokenView? {
    isViewed(value) || isTransposed ? view(of: value) : try turned(value)
  }

  // MARK: Whole images

  private mutating func attendImages(
    _ node: Node, _ operands: [AttentionOperand], scale: Float, _ pattern: AttentionPattern
  ) throws(MTLError) -> Bool {
    var inputs: [TokenImage] = []
    for operand in operands {
      guard let image = wholeImage(operand) else { return false }
      inputs.append(image)
    }
    let (queries, values) = (operands[0], operands[2])
    let usual = 1 / Float(queries.depth).squareRoot()
    let isUsual = abs(scale - usual) <= 1e-6 * usual
    let operation = Attention(
      heads: queries.heads, scale: isUsual ? nil : scale, isInverted: pattern.isInverted, grids: pattern.grids)
    let made = add(operation, inputs.map { value(of: $0) })
    let image = TokenImage(made, inputs[0].shape(channels: values.heads * values.depth))
    return finish(node, image, queries, depth: values.depth, rows: nil)
  }

  /// The channels that an operand reads, where it reads every pixel of each image, or the same range of them, in order.
  private mutating func wholeImage(_ operand: AttentionOperand) -> TokenImage? {
    let image = operand.view.image
    let pixels = operand.pixels
    guard pixels.count % image.images == 0, operand.tokenCount * image.images == pixels.count,
      let first = pixels.first, first >= 0, first + operand.tokenCount <= image.pixels
    else { return nil }
    let count = operand.tokenCount
    guard pixels.indices.allSatisfy({ pixels[$0] == $0 / count * image.pixels + $0 % count + first }) else {
      return nil
    }
    let channels = part(operand.channels, axis: 1, of: image)
    guard count < image.pixels else { return channels }
    let row = TokenImage(
      channels.value, [image.images, channels.channels, 1, image.pixels], valueShape: channels.valueShape)
    return part(first..<first + count, axis: 3, of: row)
  }

  /// Notes where the product's elements are in the image that attention made.
  private mutating func finish(
    _ node: Node, _ image: TokenImage, _ queries: AttentionOperand, depth: Int, rows: [Int32]?
  ) -> Bool {
    let output = shape(node.outputs[0])
    guard let layout = queries.layout(depth: depth).reshaped(to: output) else { return false }
    var view = TokenView(image, shape: output, rows: rows)
    view.layout = layout
    set(view, for: node.outputs[0])
    return true
  }

  // MARK: Windows

  private mutating func attendWindows(
    _ node: Node, _ operands: [AttentionOperand], scale: Float, _ pattern: AttentionPattern
  ) throws(MTLError) -> Bool {
    let (queries, keys, values) = (operands[0], operands[1], operands[2])
    let usual = 1 / Float(queries.depth).squareRoot()
    let pixels = queries.pixels
    let isUsual = abs(scale - usual) <= 1e-6 * usual
    guard values.depth == queries.depth, pixels == keys.pixels,
      queries.view.image.isLike(keys.view.image), queries.batch.last?.isHeads ?? true,
      let match = WindowMatch(pixels, tokenCount: queries.tokenCount, heads: queries.heads, image: queries.view.image),
      let headBias = match.headBias(pattern.bias), leavesRowsUnknown || !queries.view.isPadded,
      operands.allSatisfy({ !$0.view.hasUnknownRows }),
      // A score that a head's own bias hides would be rounded before a mask that is added later.
      pattern.grids.score == nil || !headBias.contains(where: { $0 <= WindowMatch.unseen })
    else { return false }
    let first = queries.view.image
    let joined: ValueID
    if operands.allSatisfy({ $0.view.image == first }), first.channels == 3 * queries.channels.count,
      operands.map(\.firstChannel) == (0..<3).map({ $0 * queries.channels.count })
    {
      joined = value(of: first)
    } else {
      joined = add(
        Concat(axis: 1), operands.map { value(of: part($0.channels, axis: 1, of: $0.view.image).reshaped(like: first)) }
      )
    }
    let padding = operands.flatMap { operand in
      operand.view.padding.map { Array($0[operand.channels]) }
        ?? [Float](repeating: 0, count: operand.channels.count)
    }
    let tokens = queries.tokenCount
    let made = add(
      match.operation(scale: isUsual ? nil : scale, pattern.grids),
      [
        joined, constant(Tensor(headBias, shape: [queries.heads, tokens, tokens])),
        constant(Tensor(padding, shape: [padding.count])),
      ])
    let image = TokenImage(made, first.shape(channels: queries.channels.count))
    // Rows of padding get no answer.
    return finish(node, image, queries, depth: queries.depth, rows: pixels.map { Int32($0) })
  }
}

/// The windows of an image that some tokens are, and what their scores' bias is made of.
struct WindowMatch {
  let operation: WindowAttention
  private let grid: WindowAttention.Grid
  private let images: Int

  /// - Parameter pixels: of each token of each window of each image, -1 in the padding.
  init?(_ pixels: [Int], tokenCount: Int, heads: Int, image: TokenImage) {
    guard tokenCount > 1, pixels.count % (tokenCount * image.images) == 0, let first = pixels.first, first >= 0 else {
      return nil
    }
    let windows = pixels.count / tokenCount / image.images
    let shift = Window.Pair(first / image.width % image.height, first % image.width)
    for rows in 1...min(tokenCount, 256) where tokenCount % rows == 0 && tokenCount / rows <= 256 {
      let window = Window.Pair(rows, tokenCount / rows)
      guard shift.rows < window.rows, shift.columns < window.columns else { continue }
      for edges in [WindowAttention.Edges.paddedFirst, .rolledFirst, .paddedFirstOrWhole] {
        let operation = WindowAttention(heads: heads, window: window, shift: shift, edges: edges)
        let grid = operation.grid(rows: image.height, columns: image.width)
        guard grid.windowCount == windows else { continue }
        let suits = pixels.indices.allSatisfy { index in
          let (plane, place) = index.quotientAndRemainder(dividingBy: windows * tokenCount)
          let pixel = grid.place(window: place / tokenCount, token: place % tokenCount).pixel
          return pixels[index] == pixel.map { plane * image.pixels + $0 } ?? -1
        }
        guard suits else { continue }
        (self.operation, self.grid, images) = (operation, grid, image.images)
        return
      }
    }
    return nil
  }

  /// The bias of each head, heads x queries x keys, where the scores' bias is that, and far below it between tokens that
  /// do not see each other; nil where it is not.
  func headBias(_ bias: [Float]?) -> [Float]? {
    let (tokens, heads, windows) = (operation.tokenCount, operation.heads, grid.windowCount)
    let regions = (0..<windows).map { window in (0..<tokens).map { grid.place(window: window, token: $0).region } }
    let count = heads * tokens * tokens
    let isWhole = regions.map { region in region.allSatisfy { $0 == region[0] } }
    guard let bias else { return isWhole.contains(false) ? nil : [Float](repeating: 0, count: count) }
    guard bias.count == images * windows * count, let plain = isWhole.firstIndex(of: true) else { return nil }
    let own = Array(bias[plain * count..<(plain + 1) * count])
    for index in bias.indices {
      let (window, place) = (index / count % windows, index % count)
      let (query, key) = (place / tokens % tokens, place % tokens)
      let isSeen = regions[window][query] == regions[window][key]
      let distance = bias[index] - own[place]
      guard isSeen ? abs(distance) <= 1e-4 : distance <= WindowMatch.unseen else { return nil }
    }
    return own
  }

  /// A bias of which the softmax leaves nothing.
  static let unseen: Float = -80

  func operation(scale: Float?, _ grids: ScoreGrids) -> WindowAttention {
    WindowAttention(
      heads: operation.heads, window: operation.window, shift: operation.shift, edges: operation.edges, scale: scale,
      grids: grids)
  }
}
