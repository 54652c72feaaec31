extension Graph {
  /// The same graph with tokens as images, for inputs of these shapes.
  ///
  /// Exporters write sequences of tokens as N x T x C or N x H x W x C. Kernels want channels second and pixels last, where
  /// a linear layer is a convolution of 1 x 1. So each value whose last axis is the channels of tokens is kept as an image,
  /// and what reshapes, transposes and slices make of it is only noted, until an operator needs the value itself.
  /// Attention is found again by what its products read, however it was written (`AttentionPattern`).
  func withTokensAsImages(_ inputShapes: [Shape]) throws(MTLError) -> Graph {
    guard nodes.contains(where: { $0.operation is Transpose || $0.operation is MatMul }) else { return self }
    let shapes = try shapes(for: inputShapes)
    guard shapes.values.allSatisfy({ $0.elementCount > 0 }) else { return self }
    var rewriter = TokenRewriter(self, shapes, leavesRowsUnknown: true)
    do {
      return try rewriter.rewritten()
    } catch  where error.subject == TokenRewriter.unknownRows.subject {
      var careful = TokenRewriter(self, shapes, leavesRowsUnknown: false)
      return try careful.rewritten()
    }
  }
}

/// Makes a graph anew, node by node. A value of the old graph has one of the new one (`plain`), or a view of an image of
/// the new one, or both.
struct TokenRewriter {
  let source: Graph
  let shapes: ValueMap<Shape>
  let producers: ValueMap<Int>
  /// Whether windows may leave open what attention says of their padding, because mostly nobody asks.
  let leavesRowsUnknown: Bool
  private(set) var result = Graph()
  private var plain: ValueMap<ValueID> = [:]
  private var views: ValueMap<TokenView> = [:]
  /// Values that are only another view of their inputs: their node can be added when the value itself is needed.
  private var moved: Set<ValueID> = []
  private var parts: [Part: TokenImage] = [:]
  private var matrices: ValueMap<ValueID> = [:]
  /// By value of the new graph: the grid that it was rounded to.
  private var grids: ValueMap<ByteGrid> = [:]
  private var nodeName = ""
  /// What fully connected layers of bytes read.
  let rowsOfLayers: Set<ValueID>

  /// A part of an image that was cut out already.
  private struct Part: Hashable {
    let value: ValueID
    let axis: Int
    let range: Range<Int>
    let shape: Shape
  }

  /// Moves that are noted one after the other before the value is made: what they make of it is found by recursion.
  private static let maximumDepth = 64

  /// Somebody asked.
  static let unknownRows = MTLError(.internalFault, "rows of padding", "hold values that were left out")

  init(_ source: Graph, _ shapes: ValueMap<Shape>, leavesRowsUnknown: Bool) {
    self.source = source
    self.leavesRowsUnknown = leavesRowsUnknown
    self.shapes = shapes
    producers = source.producers()
    rowsOfLayers = Set(source.nodes.filter { $0.operation is Gemm && $0.inputs.count == 4 }.map { $0.inputs[0] })
  }

  mutating func rewritten() throws(MTLError) -> Graph {
    for port in source.inputs { plain[port.value] = result.addInput(port.name) }
    for node in source.nodes {
      nodeName = node.name
      let isOne = node.outputs.count == 1
      if isOne, try attend(node) { continue }
      if isOne, try move(node) { continue }
      if isOne, try map(node) { continue }
      try copy(node)
    }
    for port in source.outputs { result.addOutput(port.name, try materialized(port.value)) }
    result.removeDeadNodes()
    return result
  }

  func shape(_ value: ValueID) -> Shape { shapes[value] ?? [] }

  func producer(_ value: ValueID) -> Node? { producers[value].map { source.nodes[$0] } }

  // MARK: Views

  /// How a value stands in an image; images themselves are seen as such.
  func view(of value: ValueID) -> TokenView? {
    if let view = views[value] { return view }
    guard let own = plain[value], source.constants[value] == nil else { return nil }
    let shape = shape(value)
    guard shape.rank == 3 || shape.rank == 4 else { return nil }
    let imageShape: Shape = shape.rank == 4 ? shape : [shape[0], shape[1], 1, shape[2]]
    return TokenView(channelsFirst: TokenImage(own, imageShape, valueShape: shape), rank: shape.rank)
  }

  /// Whether a value has left the order in which it was computed.
  func isViewed(_ value: ValueID) -> Bool { views[value] != nil }

  mutating func set(_ view: TokenView, for value: ValueID) { views[value] = view }

  /// Notes that a value is nothing but this view.
  mutating func setMoved(_ view: TokenView, for value: ValueID, after inputs: [ValueID]) throws(MTLError) {
    var view = view
    view.depth = (inputs.map { views[$0]?.depth ?? 0 }.max() ?? 0) + 1
    moved.insert(value)
    if view.depth > TokenRewriter.maximumDepth {
      view.depth = 0
      views[value] = view
      _ = try materialized(value)
      return
    }
    views[value] = view
  }

  // MARK: Values of the new graph

  @discardableResult
  mutating func add(_ operation: any Operator, _ inputs: [ValueID]) -> ValueID {
    let made = result.add(operation, name: nodeName, inputs)
    switch operation {
    case let rounding as FakeQuantize: grids[made] = rounding.grid
    case is Slice, is Reshape: grids[made] = grids[inputs[0]]
    default: break
    }
    return made
  }

  /// The grid that an image lies on.
  func grid(of image: TokenImage) -> ByteGrid? { grids[image.value] }

  mutating func constant(_ tensor: Tensor) -> ValueID { result.addConstant(tensor) }

  /// The image as a value of its own shape.
  mutating func value(of image: TokenImage) -> ValueID {
    image.valueShape == image.shape ? image.value : add(Reshape(image.shape.dimensions), [image.value])
  }

  /// The constant matrix of a linear layer, O x I, as the weight of a convolution: one for all its uses.
  mutating func kernel(of weight: ValueID) throws(MTLError) -> ValueID? {
    if let known = matrices[weight] { return known }
    guard let tensor = source.constants[weight], tensor.shape.rank == 2 else { return nil }
    let made = constant(try tensor.reshaped(to: [tensor.shape[0], tensor.shape[1], 1, 1]))
    matrices[weight] = made
    return made
  }

  /// Some channels (axis 1) of an image, or some pixels (axis 3) of one that is a single row; cut out once.
  mutating func part(_ range: Range<Int>, axis: Int, of image: TokenImage) -> TokenImage {
    let whole = axis == 1 ? image.channels : image.width
    if range == 0..<whole { return image }
    let key = Part(value: image.value, axis: axis, range: range, shape: image.shape)
    if let known = parts[key] { return known }
    let cut = add(Slice(axis: axis, start: range.lowerBound, end: range.upperBound), [value(of: image)])
    var dimensions = image.shape.dimensions
    dimensions[axis] = range.count
    let made = TokenImage(cut, Shape(dimensions))
    parts[key] = made
    return made
  }

  mutating func copy(_ node: Node) throws(MTLError) {
    var inputs: [ValueID] = []
    for value in node.inputs { inputs.append(try materialized(value)) }
    let outputs = result.append(node.operation, name: node.name, inputs)
    for (value, made) in zip(node.outputs, outputs) where plain[value] == nil { plain[value] = made }
  }

  /// The value itself.
  mutating func materialized(_ value: ValueID) throws(MTLError) -> ValueID {
    if value == .absent { return value }
    if let known = plain[value] { return known }
    let made: ValueID
    if let tensor = source.constants[value] {
      made = result.addConstant(tensor, name: source.constantNames[value])
    } else if let view = views[value], view.isMatrix(shape(value)) || view.isChannelsFirst(shape(value)) {
      made = try ordered(view, shape(value))
    } else if moved.contains(value), let node = producer(value) {
      if node.operation is FakeQuantize {
        made = try materialized(node.inputs[0])
      } else if let cut = try matrix(value, cutsTokens: true), cut.rows == nil, cut.image.pixels == 1 {
        // One token of each image, as a class token: the others need no other order for it.
        made = try ordered(cut, shape(value))
      } else if let view = views[value], let shuffle = view.pixelShuffle(shape(value)) {
        made = add(shuffle, [self.value(of: view.image)])
      } else {
        try copy(node)
        return plain[value] ?? .absent
      }
    } else if let view = views[value] {
      made = try ordered(view, shape(value))
    } else {
      throw MTLError(.internalFault, nodeName, "value \(value.index) is used before it is made")
    }
    plain[value] = made
    return made
  }

  /// The row-major value that a view of every element shows.
  private mutating func ordered(_ view: TokenView, _ shape: Shape) throws(MTLError) -> ValueID {
    let image = view.image
    if view.isChannelsFirst(shape) || image.pixels == 1 && view.isMatrix(shape) && view.rows == nil {
      return image.valueShape == shape ? image.value : add(Reshape(shape.dimensions), [image.value])
    }
    var matrix = add(Transpose([0, 2, 3, 1]), [value(of: image)])
    var matrixShape: Shape = [image.images, image.height, image.width, image.channels]
    if let rows = view.rows {
      guard !view.hasUnknownRows else { throw TokenRewriter.unknownRows }
      matrix = add(Reshape([image.images * image.pixels, image.channels]), [matrix])
      if let padding = view.padding {
        matrix = add(Concat(axis: 0), [matrix, constant(Tensor(padding, shape: [1, image.channels]))])
      }
      let places = rows.map { $0 < 0 ? image.images * image.pixels : Int($0) }
      matrix = add(Gather(axis: 0), [matrix, constant(Tensor(places, as: .int64, shape: [places.count]))])
      matrixShape = [rows.count, image.channels]
    }
    if !view.isMatrix(shape) {
      guard let order = view.layout.permutation(of: view.rowCount * image.channels) else {
        throw MTLError(.internalFault, nodeName, "a view is no permutation")
      }
      matrix = add(Transpose(order.axes), [add(Reshape(order.sizes), [matrix])])
      matrixShape = Shape(order.axes.map { order.sizes[$0] })
    }
    return matrixShape == shape ? matrix : add(Reshape(shape.dimensions), [matrix])
  }
}

extension TokenView {
  /// The operator of which an image of this shape is the result, written as a reshape, a transpose and a reshape.
  fileprivate func pixelShuffle(_ shape: Shape) -> DepthToSpace? {
    guard shape.rank == 4, image.height > 0, shape[2] % image.height == 0, rows == nil, factor == 1 else { return nil }
    let size = shape[2] / image.height
    guard size > 1, shape[3] == image.width * size, shape[1] * size * size == image.channels else { return nil }
    let channels = image.channels
    for order in DepthToSpace.Order.allCases {
      let (own, part) = order == .crd ? (size * size, 1) : (1, shape[1])
      let expected = FactoredView(axes: [
        [.init(size: image.images, stride: image.pixels * channels)], [.init(size: shape[1], stride: own)],
        [.init(size: image.height, stride: image.width * channels), .init(size: size, stride: size * part)],
        [.init(size: image.width, stride: channels), .init(size: size, stride: part)],
      ])
      if layout == expected { return DepthToSpace(blockSize: size, order: order) }
    }
    return nil
  }
}

extension FactoredView {
  /// The transpose that makes the view of a tensor of so many elements, as sizes of its axes and their new order; nil where
  /// the view leaves elements out.
  func permutation(of count: Int) -> (sizes: [Int], axes: [Int])? {
    let factors = factors
    let sorted = factors.indices.sorted { factors[$0].stride > factors[$1].stride }
    var next = count
    for index in sorted {
      guard next == factors[index].size * factors[index].stride else { return nil }
      next = factors[index].stride
    }
    guard offset == 0, next == 1 || factors.isEmpty, factors.count <= Shape.maximumRank else { return nil }
    let axes = factors.indices.map { index in sorted.firstIndex(of: index) ?? 0 }
    return (sorted.map { factors[$0].size }, axes)
  }
}
