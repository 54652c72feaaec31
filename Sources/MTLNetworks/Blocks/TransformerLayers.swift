import MTLGraph

/// Keys of an attention between tokens and a context, or of tokens to themselves, with the normalisations before it.
struct AttentionKeys: Sendable {
  /// Keys and values come from one matrix, keys first, or from two.
  enum Memory: Sendable {
    case joined(String)
    case apart(keys: String, values: String)
  }

  let norm: String
  let contextNorm: String
  let query: String
  let memory: Memory
  let output: String
}

/// How many heads an attention has, which its tensors do not tell, and the recipe's parameter that says it.
struct HeadCount: Sendable {
  var count: Int
  let parameter: String

  init(_ count: Int, _ parameter: String) {
    self.count = count
    self.parameter = parameter
  }

  func check(divides channels: Int, of key: String) throws(MTLError) {
    guard channels % count == 0 else {
      throw MTLError(
        .checkpointMismatch, parameter,
        expected: "a divisor of the \(channels) channels of '\(key)'; a model.json can set it", found: "\(count)")
    }
  }
}

/// Keys of a feed-forward part with the normalisation before it.
struct FeedForwardKeys: Sendable {
  let norm: String
  let expand: String
  let contract: String
}

extension NetworkBuilder {
  /// The attention's answer, to be added to the tokens. Without a context the normalised tokens attend to themselves.
  mutating func attend(
    _ tokens: ValueID, to context: ValueID? = nil, _ keys: AttentionKeys, heads: HeadCount, isInverted: Bool = false
  ) throws(MTLError) -> ValueID {
    let normalized = try layerNormalize(tokens, keys.norm)
    let source = try context.map { value throws(MTLError) in try layerNormalize(value, keys.contextNorm) } ?? normalized
    let query = try projection(normalized, keys.query)
    let key: ValueID
    let value: ValueID
    let valueKey: String
    switch keys.memory {
    case .joined(let name):
      valueKey = name
      (key, value) = try halves(projection(source, name))
    case .apart(let keyName, let valueName):
      valueKey = valueName
      (key, value) = (try projection(source, keyName), try projection(source, valueName))
    }
    try heads.check(divides: channels(of: query), of: keys.query)
    try heads.check(divides: channels(of: value), of: valueKey)
    let attention = try add(
      Attention(heads: heads.count, isInverted: isInverted), key: keys.query, [query, key, value])
    return try projection(attention, keys.output)
  }

  /// The tokens and, added to them, two layers with a GELU between; where it is gated, the second half of the first
  /// layer's features goes through the GELU and scales the first half.
  mutating func feedForward(
    _ tokens: ValueID, _ keys: FeedForwardKeys, epsilon: Float = 1e-5, isGated: Bool = false
  ) throws(MTLError) -> ValueID {
    var hidden = try projection(layerNormalize(tokens, keys.norm, epsilon: epsilon), keys.expand)
    if isGated {
      let (value, gate) = try halves(hidden)
      hidden = try product(value, activate(gate, .gelu))
    } else {
      hidden = try activate(hidden, .gelu)
    }
    return try sum(tokens, projection(hidden, keys.contract))
  }

  private mutating func halves(_ value: ValueID) throws(MTLError) -> (ValueID, ValueID) {
    let middle = channels(of: value) / 2
    return (try slice(value, 0..<middle), try slice(value, middle..<2 * middle))
  }

  /// A matrix of T learned tokens of C features (T x C, or 1 x T x C) for every image: N x C x 1 x T.
  mutating func learnedTokens(_ key: String, like image: ValueID) throws(MTLError) -> ValueID {
    try expand(tokenMatrix(key), like: image)
  }

  /// The same as one constant, 1 x C x 1 x T, or as an image of so many rows.
  mutating func tokenMatrix(_ key: String, rows: Int = 1) throws(MTLError) -> ValueID {
    let rank = checkpoint.shape(key)?.rank ?? 2
    let (count, width) = (checkpoint.dimension(rank - 2, of: key) ?? 1, checkpoint.dimension(rank - 1, of: key) ?? 1)
    let pattern: [Int?] = rank == 3 ? [1, nil, nil] : [nil, nil]
    return try weight(key, pattern, as: [1, width, rows, count / rows]) { values in
      (0..<width).flatMap { feature in (0..<count).map { values[$0 * width + feature] } }
    }
  }

  /// The image's channels and behind them Fourier features of the pixels' positions.
  mutating func withPositions(_ image: ValueID, _ positions: FourierPositions) throws(MTLError) -> ValueID {
    let features = try add(positions, [image])
    return try concat([image, expand(features, like: image)])
  }
}
