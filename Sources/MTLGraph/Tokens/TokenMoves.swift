/// Operators that move elements: the value is another view of the same image.
extension TokenRewriter {
  mutating func move(_ node: Node) throws(MTLError) -> Bool {
    switch node.operation {
    case is Reshape, is Flatten, is Transpose, is Slice: return try rearrange(node)
    case is Mul, is Div: return try scale(node)
    case let concat as Concat: return try join(node, axis: concat.axis(of: shape(node.outputs[0])))
    case let operation as any MovingOperator: return try moveRows(node, operation)
    default: return false
    }
  }

  private mutating func rearrange(_ node: Node) throws(MTLError) -> Bool {
    let (input, output) = (node.inputs[0], node.outputs[0])
    guard var view = view(of: input) else { return false }
    var layout = try rearranged(view.layout, node)
    if layout == nil, isViewed(input), let matrix = try matrix(input) {
      // In the order of the rows every part is one that a view can show.
      view = matrix
      layout = try rearranged(view.layout, node)
    }
    guard let layout else { return false }
    view.layout = layout
    try setMoved(view, for: output, after: [input])
    return true
  }

  private func rearranged(_ layout: FactoredView, _ node: Node) throws(MTLError) -> FactoredView? {
    switch node.operation {
    case let transpose as Transpose: return layout.transposed(transpose.order)
    case let slice as Slice:
      let input = shape(node.inputs[0])
      let axis = try slice.axis(of: input)
      let range = try slice.range(size: input[axis])
      return layout.sliced(axis: axis, first: range.first, count: range.count, step: slice.step)
    default: return layout.reshaped(to: shape(node.outputs[0]))
    }
  }

  /// A multiplication of tokens by one number waits until somebody needs the product: attention takes it up.
  private mutating func scale(_ node: Node) throws(MTLError) -> Bool {
    let inputs = node.operation is Mul && source.constants[node.inputs[0]] != nil ? node.inputs.reversed() : node.inputs
    guard isViewed(inputs[0]), var view = view(of: inputs[0]), let number = number(inputs[1]),
      shape(inputs[0]) == shape(node.outputs[0])
    else { return false }
    view.factor *= node.operation is Mul ? number : 1 / number
    guard view.factor.isFinite else { return false }
    try setMoved(view, for: node.outputs[0], after: [inputs[0]])
    return true
  }

  /// A constant of one element.
  func number(_ value: ValueID) -> Float? {
    guard let tensor = source.constants[value], tensor.shape.elementCount == 1, tensor.type == .float32 else {
      return nil
    }
    return tensor.numbers().first
  }

  /// Operators that move whole tokens, or put zeros beside them, by constants: they do to the rows' places what they
  /// would do to the rows.
  private mutating func moveRows(_ node: Node, _ operation: any MovingOperator) throws(MTLError) -> Bool {
    let (input, output) = (node.inputs[0], shape(node.outputs[0]))
    let others = node.inputs.dropFirst().map { $0 == .absent ? nil : source.constants[$0] }
    guard zip(node.inputs.dropFirst(), others).allSatisfy({ $0 == .absent || $1 != nil }),
      isViewed(input), let view = try matrix(input), output.dimensions.last == view.image.channels,
      (operation as? GeneralPad)?.fillsWithZeros(others.count > 1 ? others[1] : nil) ?? true
    else { return false }
    let places = try rowPlaces(view, shape(input))
    guard let rows = try? operation.compute([places] + others)[0], rows.shape == output.rows else { return false }
    return try setRows(rows.integers(), of: view, node)
  }

  /// The pixel of each row, counted from 1, and 0 for padding.
  private func rowPlaces(_ view: TokenView, _ shape: Shape) throws(MTLError) -> Tensor {
    Tensor((0..<view.rowCount).map { view.pixel($0) + 1 }, as: .int64, shape: shape.rows)
  }

  private mutating func setRows(_ places: [Int], of view: TokenView, _ node: Node) throws(MTLError) -> Bool {
    let zeros = [Float](repeating: 0, count: view.image.channels)
    // Zeros beside rows that hold something else in their padding.
    guard !places.contains(0) || view.padding == nil || view.padding == zeros else { return false }
    let moved = TokenView(
      view.image, shape: shape(node.outputs[0]), rows: places.map { Int32($0 - 1) },
      padding: view.hasUnknownRows ? nil : zeros)
    try setMoved(moved, for: node.outputs[0], after: node.inputs)
    return true
  }

  // MARK: Concatenation

  private mutating func join(_ node: Node, axis: Int) throws(MTLError) -> Bool {
    guard node.inputs.contains(where: { isViewed($0) }) else { return false }
    let rank = shape(node.outputs[0]).rank
    if axis == rank - 1 { return try joinChannels(node) }
    var views: [TokenView] = []
    for value in node.inputs {
      guard let view = try matrix(value) else { return try joinTokens(node, axis) }
      views.append(view)
    }
    guard views.allSatisfy({ $0.image == views[0].image && $0.padding == views[0].padding }) else {
      return try joinTokens(node, axis)
    }
    var places: [Tensor] = []
    for (view, value) in zip(views, node.inputs) { places.append(try rowPlaces(view, shape(value))) }
    return try setRows(Concat(axis: axis).evaluate(places)[0].integers(), of: views[0], node)
  }

  /// Channels of the same tokens, or the neighbours that Swin merges.
  private mutating func joinChannels(_ node: Node) throws(MTLError) -> Bool {
    var views: [TokenView] = []
    for value in node.inputs where source.constants[value] == nil {
      guard let view = try matrix(value) else { return false }
      views.append(view)
    }
    guard let first = views.first else { return false }
    if views.count == node.inputs.count, try mergeNeighbours(views, node) { return true }
    guard views.allSatisfy({ $0.rows == first.rows && $0.image.isLike(first.image) && !$0.isPadded }) else {
      return false
    }
    var images: [ValueID] = []
    for value in node.inputs {
      if source.constants[value] != nil {
        guard first.rows == nil, let image = try constantImage(value, as: first, shape(value)) else { return false }
        images.append(image)
      } else if let view = try matrix(value) {
        images.append(self.value(of: view.image.reshaped(like: first.image)))
      }
    }
    let channels = shape(node.outputs[0]).dimensions.last ?? 1
    let joined = TokenImage(add(Concat(axis: 1), images), first.image.shape(channels: channels))
    set(TokenView(joined, shape: shape(node.outputs[0]), rows: first.rows), for: node.outputs[0])
    return true
  }

  /// A constant with an own value for each token, in the form of the image: N x C x H x W.
  private mutating func constantImage(
    _ value: ValueID, as view: TokenView, _ shape: Shape
  ) throws(MTLError) -> ValueID? {
    guard let tensor = source.constants[value], tensor.type == .float32, let channels = shape.dimensions.last,
      shape.elementCount == view.rowCount * channels
    else { return nil }
    let image = view.image
    let matrix = try tensor.reshaped(to: [image.images, image.height, image.width, channels])
    return constant(try Transpose([0, 3, 1, 2]).evaluate([matrix])[0])
  }

  /// More tokens beside the tokens of each image, as a class token.
  private mutating func joinTokens(_ node: Node, _ axis: Int) throws(MTLError) -> Bool {
    let output = shape(node.outputs[0])
    guard output.rank == 3, axis == 1, output[1] <= Window.maximumSide else { return false }
    var images: [ValueID] = []
    for value in node.inputs {
      let row: Shape = [output[0], output[2], 1, shape(value)[1]]
      if let tensor = source.constants[value] {
        let turned = try Transpose([0, 2, 1]).evaluate([tensor])[0]
        images.append(constant(try turned.reshaped(to: row)))
        continue
      }
      guard let view = try matrix(value), view.rows == nil, view.image.images == output[0] else { return false }
      images.append(self.value(of: TokenImage(view.image.value, row, valueShape: view.image.valueShape)))
    }
    let joined = TokenImage(add(Concat(axis: 3), images), [output[0], output[2], 1, output[1]])
    set(TokenView(joined, shape: output), for: node.outputs[0])
    return true
  }

  /// Patch merging, written as four strided slices.
  private mutating func mergeNeighbours(_ views: [TokenView], _ node: Node) throws(MTLError) -> Bool {
    guard views.allSatisfy({ $0.image == views[0].image }) else { return false }
    let rows = views.map { view in (0..<view.rowCount).map { view.pixel($0) } }
    guard views.allSatisfy({ view in !view.isPadded || view.padding?.allSatisfy { $0 == 0 } == true }),
      let merged = mergedNeighbours(rows, of: views[0].image)
    else { return false }
    set(TokenView(merged, shape: shape(node.outputs[0])), for: node.outputs[0])
    return true
  }
}

extension Shape {
  /// The shape of the rows of a value whose last axis is channels.
  fileprivate var rows: Shape { Shape(dimensions.dropLast() + [1]) }
}

extension TokenImage {
  func isLike(_ other: TokenImage) -> Bool { images == other.images && pixels == other.pixels }

  func shape(channels: Int) -> Shape { [images, channels, height, width] }

  /// The same with the pixels in the rows and columns of another image.
  func reshaped(like other: TokenImage) -> TokenImage {
    TokenImage(value, other.shape(channels: channels), valueShape: valueShape)
  }
}
