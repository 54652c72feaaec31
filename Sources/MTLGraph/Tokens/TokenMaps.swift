/// Operators on each token alone: they work on the image, whatever order the tokens are in.
extension TokenRewriter {
  mutating func map(_ node: Node) throws(MTLError) -> Bool {
    switch node.operation {
    case let operation where operation.kinds.contains(.elementwise): return try mapElements(node)
    case let normalization as LayerNormalization: return try normalize(node, normalization)
    case let normalization as L2Normalize: return try normalize(node, normalization)
    case is Gemm: return try project(node)
    case is Add, is Sub, is Mul, is Div: return try combine(node)
    case let mean as ReduceMean: return try pool(node, mean)
    default: return false
    }
  }

  /// Notes what an operator made of an image: the same tokens, in the same order. Its other operands are constants, and
  /// what it makes of padding follows from them.
  private mutating func finish(
    _ node: Node, _ view: TokenView, _ made: ValueID, before: [Tensor?] = [], padding others: [Tensor?]
  ) throws(MTLError) -> Bool {
    let shape = shape(node.outputs[0])
    var padding: [Float]?
    if let own = view.padding {
      padding = try node.operation.compute(before + [Tensor(own, shape: [1, own.count])] + others)[0].floats()
    }
    let image = TokenImage(made, view.image.shape(channels: shape.dimensions.last ?? 1))
    set(TokenView(image, shape: shape, rows: view.rows, padding: padding), for: node.outputs[0])
    return true
  }

  private mutating func mapElements(_ node: Node) throws(MTLError) -> Bool {
    if let rounding = node.operation as? FakeQuantize, try repeatRounding(node, rounding) { return true }
    var view: TokenView?
    if isViewed(node.inputs[0]) { view = try matrix(node.inputs[0], cutsTokens: true) }
    // Layers of bytes are for images alone.
    if view == nil, rowsOfLayers.contains(node.outputs[0]) { view = try rows(node.inputs[0]) }
    guard let view else {
      guard let rounding = node.operation as? FakeQuantize else { return false }
      return try roundInPlace(node, rounding)
    }
    guard view.image.pixels > 1 else { return false }
    return try finish(node, view, add(node.operation, [value(of: view.image)]), padding: [])
  }

  // MARK: Rounding

  /// Values that were only moved since they were rounded to a grid lie on it: quantizers round behind each move.
  private mutating func repeatRounding(_ node: Node, _ rounding: FakeQuantize) throws(MTLError) -> Bool {
    guard isViewed(node.inputs[0]), var view = view(of: node.inputs[0]), view.factor == 1,
      grid(of: view.image) == rounding.grid,
      !rowsOfLayers.contains(node.outputs[0]) || view.isMatrix(shape(node.inputs[0]))
    else { return false }
    view.padding = view.padding?.map { rounding.apply($0) }
    try setMoved(view, for: node.outputs[0], after: [node.inputs[0]])
    return true
  }

  /// Rounds the channels that a view shows, in whatever order it shows them, as those of one head beside the other.
  private mutating func roundInPlace(_ node: Node, _ rounding: FakeQuantize) throws(MTLError) -> Bool {
    guard isViewed(node.inputs[0]), let view = view(of: node.inputs[0]), view.image.pixels > 1,
      let (range, layout) = view.shownChannels, layout.permutation(of: view.rowCount * range.count) != nil
    else { return false }
    var image = part(range, axis: 1, of: view.image)
    if view.factor != 1 { image = scaled(image, by: view.factor) }
    let made = TokenImage(add(rounding, [value(of: image)]), image.shape)
    let padding = view.padding.map { $0[range].map { rounding.apply($0 * view.factor) } }
    var rounded = TokenView(made, shape: shape(node.outputs[0]), rows: view.rows, padding: padding)
    rounded.layout = layout
    set(rounded, for: node.outputs[0])
    return true
  }

  private mutating func normalize(_ node: Node, _ normalization: LayerNormalization) throws(MTLError) -> Bool {
    let shape = shape(node.inputs[0])
    let others = node.inputs.dropFirst().map { source.constants[$0] }
    guard try normalization.axis(of: shape) == shape.rank - 1, others.allSatisfy({ $0 != nil }),
      let view = try turned(node.inputs[0]), view.image.pixels > 1
    else { return false }
    var inputs = [value(of: view.image)]
    for value in node.inputs.dropFirst() { inputs.append(try materialized(value)) }
    let made = add(LayerNormalization(axis: 1, epsilon: normalization.epsilon), inputs)
    return try finish(node, view, made, padding: others)
  }

  private mutating func normalize(_ node: Node, _ normalization: L2Normalize) throws(MTLError) -> Bool {
    let shape = shape(node.inputs[0])
    guard try normalization.axis(of: shape) == shape.rank - 1, isViewed(node.inputs[0]),
      let view = try matrix(node.inputs[0], cutsTokens: true), view.image.pixels > 1
    else { return false }
    let made = add(L2Normalize(axis: 1, epsilon: normalization.epsilon), [value(of: view.image)])
    return try finish(node, view, made, padding: [])
  }

  private mutating func project(_ node: Node) throws(MTLError) -> Bool {
    let others = node.inputs.dropFirst().map { source.constants[$0] }
    guard others.enumerated().allSatisfy({ $1?.type == ($0 == 0 && others.count == 3 ? .int8 : .float32) }),
      let view = try turned(node.inputs[0]), view.image.pixels > 1,
      let kernel = try kernel(of: node.inputs[1])
    else { return false }
    var inputs = [value(of: view.image), kernel]
    for value in node.inputs.dropFirst(2) { inputs.append(try materialized(value)) }
    return try finish(node, view, add(Convolution(), inputs), padding: others)
  }

  // MARK: Two operands

  private mutating func combine(_ node: Node) throws(MTLError) -> Bool {
    let output = shape(node.outputs[0])
    guard node.inputs.contains(where: { isViewed($0) }) else { return false }
    if let place = node.inputs.firstIndex(where: { source.constants[$0] != nil }) {
      guard shape(node.inputs[1 - place]) == output, let view = try matrix(node.inputs[1 - place]),
        view.image.pixels > 1, let operand = try operand(node.inputs[place], beside: view, output)
      else { return false }
      let image = value(of: view.image)
      let made = add(node.operation, place == 0 ? [operand, image] : [image, operand])
      guard view.padding != nil, let tensor = source.constants[node.inputs[place]] else {
        return try finish(node, view, made, padding: [])
      }
      // Only a constant that all rows share stands beside padding.
      let shared = try tensor.reshaped(to: [1, tensor.shape.elementCount])
      return try finish(node, view, made, before: place == 0 ? [shared] : [], padding: place == 0 ? [] : [shared])
    }
    guard let left = try matrix(node.inputs[0]), let right = try matrix(node.inputs[1]), left.rows == right.rows,
      shape(node.inputs[0]) == output, shape(node.inputs[1]) == output, left.image.isLike(right.image),
      left.image.pixels > 1
    else { return false }
    let made = add(node.operation, [value(of: left.image), value(of: right.image.reshaped(like: left.image))])
    guard let padding = right.padding else {
      var unknown = left
      unknown.padding = nil
      return try finish(node, unknown, made, padding: [])
    }
    return try finish(node, left, made, padding: [Tensor(padding, shape: [1, padding.count])])
  }

  /// A constant beside an image: one number for each channel, or one for each channel of each token.
  private mutating func operand(
    _ value: ValueID, beside view: TokenView, _ output: Shape
  ) throws(MTLError) -> ValueID? {
    guard let tensor = source.constants[value], tensor.type == .float32 else { return nil }
    let (dimensions, image) = (tensor.shape.dimensions, view.image)
    if tensor.shape.elementCount == dimensions.last ?? 1 {
      return constant(try tensor.reshaped(to: [1, tensor.shape.elementCount, 1, 1]))
    }
    guard view.rows == nil, output.rank >= 3, output[0] == image.images else { return nil }
    let isShared = dimensions.count < output.rank || dimensions[0] == 1
    let images = isShared ? 1 : image.images
    let full = try tensor.broadcast(to: Shape([images] + output.dimensions.dropFirst()))
    let tokens = try full.reshaped(to: [images, image.height, image.width, image.channels])
    return constant(try Transpose([0, 3, 1, 2]).evaluate([tokens])[0])
  }

  /// The mean over all tokens of an image.
  private mutating func pool(_ node: Node, _ mean: ReduceMean) throws(MTLError) -> Bool {
    let (shape, output) = (shape(node.inputs[0]), shape(node.outputs[0]))
    let facts = node.inputs.enumerated().map { index, value in
      source.constants[value].map { Fact($0) } ?? (index == 0 ? Fact(.float32, shape) : nil)
    }
    guard let axes = try mean.settings.axes(facts, shape), let view = view(of: node.inputs[0]), view.rows == nil,
      view.factor == 1, view.image.pixels > 1, view.layout.offset == 0
    else { return false }
    let (image, joined) = (view.image, axes.sorted().flatMap { view.layout.axes[$0] })
    let others = shape.dimensions.indices.filter { !axes.contains($0) }.flatMap { view.layout.axes[$0] }
    let plane = FactoredView.Factor(size: image.pixels, stride: image.channels)
    guard FactoredView(axes: [joined]).factors == [plane],
      others.reduce(1, { $0 * $1.size }) == image.images * image.channels,
      others.allSatisfy({ $0.stride < image.channels || $0.stride % (image.channels * image.pixels) == 0 })
    else { return false }
    let kept = others.map { factor in
      FactoredView.Factor(
        size: factor.size, stride: factor.stride < image.channels ? factor.stride : factor.stride / image.pixels)
    }
    guard let layout = FactoredView(axes: [kept]).reshaped(to: output) else { return false }
    let made = add(GlobalAveragePool(), [value(of: image)])
    var pooled = TokenView(TokenImage(made, [image.images, image.channels, 1, 1]), shape: output)
    pooled.layout = layout
    set(pooled, for: node.outputs[0])
    return true
  }
}
