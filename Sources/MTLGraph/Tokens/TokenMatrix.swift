/// Views whose last axis is the channels of tokens: what operators on each token work on.
extension TokenRewriter {
  /// The value as a matrix of tokens x channels, its channels and tokens cut out of the image where it has only some;
  /// nil where its last axis is something else. Tokens are cut out of the image only for what works on them.
  mutating func matrix(_ value: ValueID, cutsTokens: Bool = false) throws(MTLError) -> TokenView? {
    guard let view = view(of: value) else { return nil }
    let shape = shape(value)
    if view.isMatrix(shape) { return view }
    let channels = shape.dimensions.last ?? 1
    guard channels > 1, let last = view.layout.axes.last,
      last.last == .init(size: channels, stride: 1) || last.count > 1
    else { return nil }
    if last.count > 1 { return mergedChannels(view, shape) }
    return matrix(view, shape, channels, cutsTokens)
  }

  private mutating func matrix(
    _ view: TokenView, _ shape: Shape, _ channels: Int, _ cutsTokens: Bool
  ) -> TokenView? {
    let (width, layout) = (view.image.channels, view.layout)
    let (first, start) = (layout.offset % width, layout.offset / width)
    let others = layout.axes.dropLast().flatMap { $0 }
    guard first + channels <= width, others.allSatisfy({ $0.stride % width == 0 }) else { return nil }
    let tokens = others.map { FactoredView.Factor(size: $0.size, stride: $0.stride / width) }
    let rows = FactoredView.places(tokens, from: start).map { Int32(view.pixel($0)) }
    var image = part(first..<first + channels, axis: 1, of: view.image)
    if view.factor != 1 { image = scaled(image, by: view.factor) }
    let padding = view.padding.map { $0[first..<first + channels].map { $0 * view.factor } }
    if cutsTokens, let cut = cutTokens(rows, of: image) { return TokenView(cut, shape: shape) }
    return TokenView(image, shape: shape, rows: rows, padding: padding)
  }

  mutating func scaled(_ image: TokenImage, by factor: Float) -> TokenImage {
    let number = constant(Tensor([factor], shape: [1, 1, 1, 1]))
    return TokenImage(add(Mul(), [value(of: image), number]), image.shape)
  }

  /// The same range of each image's tokens, as a class token is.
  private mutating func cutTokens(_ rows: [Int32], of image: TokenImage) -> TokenImage? {
    guard rows.count % image.images == 0, let first = rows.first, first >= 0 else { return nil }
    let count = rows.count / image.images
    guard count > 0, count < image.pixels, Int(first) + count <= image.pixels else { return nil }
    let isRange = rows.indices.allSatisfy { rows[$0] == first + Int32($0 / count * image.pixels + $0 % count) }
    guard isRange else { return nil }
    let row = TokenImage(
      image.value, [image.images, image.channels, 1, image.pixels], valueShape: image.valueShape)
    return part(Int(first)..<Int(first) + count, axis: 3, of: row)
  }

  /// Neighbours that a reshape and a transpose put beside each other.
  private mutating func mergedChannels(_ view: TokenView, _ shape: Shape) -> TokenView? {
    let width = view.image.channels
    guard let last = view.layout.axes.last, last.last == .init(size: width, stride: 1), view.factor == 1,
      !view.isPadded || view.padding?.allSatisfy({ $0 == 0 }) == true
    else { return nil }
    let (neighbours, others) = (last.dropLast(), view.layout.axes.dropLast().flatMap { $0 })
    guard (neighbours + others).allSatisfy({ $0.stride % width == 0 }), view.layout.offset % width == 0 else {
      return nil
    }
    func inRows(_ factors: some Sequence<FactoredView.Factor>) -> [FactoredView.Factor] {
      factors.map { FactoredView.Factor(size: $0.size, stride: $0.stride / width) }
    }
    let starts = FactoredView.places(inRows(neighbours), from: view.layout.offset / width)
    guard starts.count == 4 else { return nil }
    let rows = starts.map { FactoredView.places(inRows(others), from: $0).map { view.pixel($0) } }
    return mergedNeighbours(rows, of: view.image).map { TokenView($0, shape: shape) }
  }

  /// The image of merged patches, where these are the pixels of the four neighbours in their order.
  mutating func mergedNeighbours(_ rows: [[Int]], of image: TokenImage) -> TokenImage? {
    let (height, width) = ((image.height + 1) / 2, (image.width + 1) / 2)
    guard rows.count == 4, rows.allSatisfy({ $0.count == image.images * height * width }) else { return nil }
    for (neighbour, pixels) in rows.enumerated() {
      for (index, pixel) in pixels.enumerated() {
        let (plane, place) = index.quotientAndRemainder(dividingBy: height * width)
        let (row, column) = (place / width * 2 + neighbour % 2, place % width * 2 + neighbour / 2)
        let isInside = row < image.height && column < image.width
        guard pixel == (isInside ? (plane * image.height + row) * image.width + column : -1) else { return nil }
      }
    }
    let merged = add(SpaceToDepth(), [value(of: image)])
    return TokenImage(merged, [image.images, 4 * image.channels, height, width])
  }

  /// The value as a matrix even if it was computed in another order: tokens between the first and the last axis.
  mutating func turned(_ value: ValueID) throws(MTLError) -> TokenView? {
    if let view = try matrix(value, cutsTokens: true) { return view }
    var base = value
    while shape(base).rank < 3, let node = producer(base), node.operation is Reshape,
      shape(node.inputs[0]).dimensions.last == shape(value).dimensions.last
    { base = node.inputs[0] }
    let shape = tokenShape(base)
    guard shape.rank >= 3, shape.elementCount / shape[0] / shape[shape.rank - 1] >= TokenRewriter.worthTurning else {
      return nil
    }
    let (channels, tokens) = (shape[shape.rank - 1], Array(shape.dimensions[1..<shape.rank - 1]))
    guard let pixels = TokenRewriter.pixels(tokens) else { return nil }
    let order = [0, shape.rank - 1] + Array(1..<shape.rank - 1)
    let turned: ValueID
    if let tensor = source.constants[base] {
      turned = constant(try Transpose(order).evaluate([tensor.reshaped(to: shape)])[0])
    } else {
      turned = add(Transpose(order), [try materialized(base)])
    }
    let image = TokenImage(
      turned, Shape([shape[0], channels] + pixels), valueShape: Shape([shape[0], channels] + tokens))
    let view = TokenView(image, shape: shape)
    if source.constants[base] == nil { set(view, for: base) }
    return TokenView(image, shape: self.shape(value))
  }

  /// The rows of a value in row-major order as the tokens of one image; nil where they are few.
  mutating func rows(_ value: ValueID) throws(MTLError) -> TokenView? {
    let shape = shape(value)
    guard let channels = shape.dimensions.last, shape.elementCount / channels >= TokenRewriter.worthTurning,
      let pixels = TokenRewriter.pixels([shape.elementCount / channels])
    else { return nil }
    let matrix: Shape = [1, shape.elementCount / channels, channels]
    let turned = add(Transpose([0, 2, 1]), [add(Reshape(matrix.dimensions), [try materialized(value)])])
    let image = TokenImage(turned, Shape([1, channels] + pixels), valueShape: [1, channels, matrix[1]])
    return TokenView(image, shape: shape)
  }

  /// Rows and columns for tokens; nil where no image is that long.
  private static func pixels(_ tokens: [Int]) -> [Int]? {
    if tokens.count == 2, tokens.allSatisfy({ $0 <= Window.maximumSide }) { return tokens }
    let count = tokens.reduce(1, *)
    let fewest = (count + Window.maximumSide - 1) / Window.maximumSide
    guard fewest <= Window.maximumSide,
      let rows = (fewest...Window.maximumSide).first(where: { count % $0 == 0 })
    else { return nil }
    return count / rows <= Window.maximumSide ? [rows, count / rows] : nil
  }

  /// The shape of a value with an axis of images. Where constants have none, the tokens are shared out among the images
  /// that the network is given.
  private func tokenShape(_ value: ValueID) -> Shape {
    let shape = shape(value)
    guard shape.rank == 2, source.constants[value] != nil, let input = source.inputs.first,
      let images = self.shape(input.value).dimensions.first, shape[0] % images == 0
    else { return shape }
    return [images, shape[0] / images, shape[1]]
  }

  /// Tokens of an image from which on layers on each of them are worth another order.
  private static var worthTurning: Int { 8 }
}
