import MTLGraph

/// The layers that blocks and recipes are made of. Keys are those of PyTorch's modules: `key.weight`, `key.bias`. Channel
/// counts are read off the weights wherever they are not given.
///
/// Tokens are images: a sequence of T tokens with C features is N x C x 1 x T, so that a linear layer on tokens is a
/// convolution of 1 x 1 (`projection`), and a normalisation runs over axis 1.
extension NetworkBuilder {
  /// Convolution; `bias` nil uses one where the checkpoint has it. `padding` nil keeps the size at stride 1 for odd
  /// kernels: dilation * (kernel - 1) / 2.
  mutating func convolution(
    _ input: ValueID, _ key: String, channels: Int? = nil, kernel: Int, stride: Int = 1, padding: Int? = nil,
    dilation: Int = 1, groups: Int = 1, bias: Bool? = nil
  ) throws(MTLError) -> ValueID {
    try require(input, rank: 4, for: key)
    let inputs = self.channels(of: input)
    guard groups >= 1, inputs % groups == 0 else {
      throw MTLError(.shapeMismatch, key, expected: "a multiple of \(groups) channels", found: "\(inputs)")
    }
    let weight = try weight("\(key).weight", [channels, inputs / groups, kernel, kernel])
    let operation = Convolution(
      stride: .init(stride), dilation: .init(dilation), padding: .init(padding ?? dilation * (kernel - 1) / 2),
      groups: groups)
    let arguments = try [input, weight] + self.bias(key, of: shape(of: weight)[0], bias)
    return try add(operation, key: key, arguments)
  }

  /// Convolution, batch normalisation and, unless nil, an activation.
  mutating func convolutionNormalized(
    _ input: ValueID, _ key: String, norm: String, channels: Int? = nil, kernel: Int, stride: Int = 1,
    padding: Int? = nil, dilation: Int = 1, groups: Int = 1, bias: Bool? = nil, epsilon: Float = 1e-5,
    activation: ActivationKind? = .relu
  ) throws(MTLError) -> ValueID {
    let value = try convolution(
      input, key, channels: channels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: groups, bias: bias)
    return try activate(normalize(value, key: norm, epsilon: epsilon), activation)
  }

  /// Transposed convolution.
  mutating func convolutionTransposed(
    _ input: ValueID, _ key: String, kernel: Int, stride: Int, padding: Int, outputPadding: Int = 0, groups: Int = 1,
    bias: Bool? = nil
  ) throws(MTLError) -> ValueID {
    try require(input, rank: 4, for: key)
    let weight = try weight("\(key).weight", [self.channels(of: input), nil, kernel, kernel])
    let operation = ConvolutionTranspose(
      stride: .init(stride), padding: .init(padding), outputPadding: .init(outputPadding), groups: groups)
    let arguments = try [input, weight] + self.bias(key, of: shape(of: weight)[1] * groups, bias)
    return try add(operation, key: key, arguments)
  }

  /// A linear layer on each token: the weight is a matrix in the checkpoint.
  mutating func projection(
    _ input: ValueID, _ key: String, features: Int? = nil, bias: Bool? = nil
  ) throws(MTLError) -> ValueID {
    try require(input, rank: 4, for: key)
    let inputs = self.channels(of: input)
    let weight = try weight("\(key).weight", [features, inputs], as: [-1, inputs, 1, 1])
    return try add(Convolution(), key: key, [input, weight] + self.bias(key, of: shape(of: weight)[0], bias))
  }

  /// A linear layer on a row: N x features.
  mutating func linear(
    _ input: ValueID, _ key: String, features: Int? = nil, bias: Bool? = nil
  ) throws(MTLError) -> ValueID {
    try require(input, rank: 2, for: key)
    let weight = try weight("\(key).weight", [features, channels(of: input)])
    return try add(Gemm(), key: key, [input, weight] + self.bias(key, of: shape(of: weight)[0], bias))
  }

  private mutating func bias(_ key: String, of count: Int, _ isThere: Bool?) throws(MTLError) -> [ValueID] {
    isThere ?? checkpoint.contains("\(key).bias") ? [try weight("\(key).bias", [count])] : []
  }

  /// Layer normalisation over the channels of each token.
  mutating func layerNormalize(_ input: ValueID, _ key: String, epsilon: Float = 1e-5) throws(MTLError) -> ValueID {
    let count = channels(of: input)
    let arguments = [input, try weight("\(key).weight", [count]), try weight("\(key).bias", [count])]
    return try add(LayerNormalization(axis: 1, epsilon: epsilon), key: key, arguments)
  }

  mutating func activate(_ input: ValueID, _ kind: ActivationKind?) throws(MTLError) -> ValueID {
    guard let kind else { return input }
    return try add(kind.operation, [input])
  }

  mutating func sum(_ left: ValueID, _ right: ValueID) throws(MTLError) -> ValueID { try add(Add(), [left, right]) }

  mutating func product(_ left: ValueID, _ right: ValueID) throws(MTLError) -> ValueID {
    try add(Mul(), [left, right])
  }

  mutating func concat(_ inputs: [ValueID], axis: Int = 1) throws(MTLError) -> ValueID {
    inputs.count == 1 ? inputs[0] : try add(Concat(axis: axis), inputs)
  }

  /// Channels `range` of an image, or features of a row.
  mutating func slice(_ input: ValueID, _ range: Range<Int>, axis: Int = 1) throws(MTLError) -> ValueID {
    try add(Slice(axis: axis, start: range.lowerBound, end: range.upperBound), [input])
  }

  mutating func maxPool(
    _ input: ValueID, kernel: Int, stride: Int, padding: Int = 0, ceil: Bool = false
  ) throws(MTLError) -> ValueID {
    let window = Window(kernel: .init(kernel), stride: .init(stride), padding: .init(padding))
    return try add(MaxPool(window, ceil: ceil), [input])
  }

  /// Resampled to the rows and columns of another value: the image, for an output of the input's own size.
  mutating func resize(_ input: ValueID, like other: ValueID, _ mode: Resize.Mode) throws(MTLError) -> ValueID {
    try add(Resize(mode, to: .like), [input, other])
  }

  mutating func resize(_ input: ValueID, scale: Int, _ mode: Resize.Mode) throws(MTLError) -> ValueID {
    try add(Resize(mode, to: .scale(scale)), [input])
  }

  /// Mean over all pixels, N x C x 1 x 1.
  mutating func globalAverage(_ input: ValueID) throws(MTLError) -> ValueID { try add(GlobalAveragePool(), [input]) }

  /// Mean over all pixels (or tokens) as a row, N x C.
  mutating func pooledRow(_ input: ValueID) throws(MTLError) -> ValueID {
    try flatten(globalAverage(input))
  }

  mutating func flatten(_ input: ValueID) throws(MTLError) -> ValueID { try add(Flatten(), [input]) }

  /// The pixels of an image in one row, as tokens: N x C x 1 x (H * W).
  mutating func tokens(_ image: ValueID) throws(MTLError) -> ValueID { try add(Reshape([0, 0, 1, -1]), [image]) }

  /// sum_k factors[k] * inputs[k]; see `WeightedSum` for the factors' shape.
  mutating func weightedSum(_ factors: ValueID, _ inputs: [ValueID]) throws(MTLError) -> ValueID {
    try add(WeightedSum(count: inputs.count), [factors] + inputs)
  }

  /// A parameter of batch 1 for every image of the batch of `other`.
  mutating func expand(_ parameter: ValueID, like other: ValueID) throws(MTLError) -> ValueID {
    try add(Expand(), [parameter, other])
  }
}
