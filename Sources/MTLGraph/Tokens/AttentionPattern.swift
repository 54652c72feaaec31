/// The nodes of one attention: softmax(scale * Q K + bias) V, its last product found first.
struct AttentionPattern {
  let queries: ValueID
  /// Transposed: ... x depth x tokens.
  let keys: ValueID
  let values: ValueID
  /// What the products are multiplied by.
  private(set) var scale: Float = 1
  /// What is added then: one number for each score, in row-major order; nil is nothing.
  private(set) var bias: [Float]?
  /// Whether the softmax runs over the queries, and is divided by its sum over the keys.
  private(set) var isInverted = false
  /// What a quantizer rounds to on the way.
  private(set) var grids = ScoreGrids()

  /// nil where the node ends no attention.
  init?(_ node: Node, in rewriter: TokenRewriter) throws(MTLError) {
    guard node.operation is MatMul, let weights = AttentionPattern.weights(node.inputs[0], rewriter) else { return nil }
    values = node.inputs[1]
    isInverted = weights.isInverted
    var terms = Terms()
    guard let product = try terms.product(weights.scores, rewriter) else { return nil }
    (queries, keys) = (product.inputs[0], product.inputs[1])
    guard let found = terms.grids(weight: weights.grid), found.isEmpty || !isInverted else { return nil }
    grids = found
    let (scoreShape, weightShape) = (rewriter.shape(product.outputs[0]), rewriter.shape(node.inputs[0]))
    guard scoreShape.rank >= 2, weightShape.elementCount == scoreShape.elementCount,
      weightShape.dimensions.suffix(2) == scoreShape.dimensions.suffix(2)
    else { return nil }
    scale = terms.scale
    bias = terms.bias
  }

  /// Scores whose bias is looked at.
  private static let maximumScoreCount = 1 << 25

  /// The scores of which a value is the softmax, but for its shape and one grid.
  private static func weights(
    _ value: ValueID, _ rewriter: TokenRewriter
  ) -> (scores: ValueID, isInverted: Bool, grid: ByteGrid?)? {
    var (value, grid): (ValueID, ByteGrid?) = (value, nil)
    while let node = rewriter.producer(value), node.operation is Reshape || node.operation is FakeQuantize {
      if let rounding = node.operation as? FakeQuantize {
        guard grid == nil || grid == rounding.grid else { return nil }
        grid = rounding.grid
      }
      value = node.inputs[0]
    }
    guard let node = rewriter.producer(value) else { return nil }
    let shape = rewriter.shape(value)
    if let softmax = node.operation as? Softmax {
      return softmax.axis(rank: shape.rank) == shape.rank - 1 ? (node.inputs[0], false, grid) : nil
    }
    guard node.operation is Div, let inner = rewriter.producer(node.inputs[0]),
      let softmax = inner.operation as? Softmax, softmax.axis(rank: shape.rank) == shape.rank - 2,
      let length = rewriter.source.lengthAxis(node.inputs[1], of: node.inputs[0], rewriter.producers),
      length.isSum, length.epsilon == Attention.smallestSum, [-1, shape.rank - 1].contains(length.axis)
    else { return nil }
    return (inner.inputs[0], true, grid)
  }

  /// What stands between a product and a softmax.
  private struct Terms {
    var scale: Float = 1
    /// What is added before a rounding, and that rounding; backwards.
    private var stages: [(addend: [Float]?, grid: ByteGrid?)] = [(nil, nil)]

    /// All that is added.
    var bias: [Float]? { stages.reduce(nil) { Terms.sum($1.addend, $0) } }

    /// The node of the product, found backwards from the scores.
    mutating func product(_ scores: ValueID, _ rewriter: TokenRewriter) throws(MTLError) -> Node? {
      var value = scores
      while let node = rewriter.producer(value) {
        switch node.operation {
        case is MatMul: return node
        case is Reshape: value = node.inputs[0]
        case let rounding as FakeQuantize:
          guard round(rounding.grid) else { return nil }
          value = node.inputs[0]
        case is Mul, is Div:
          let operands =
            node.operation is Mul && rewriter.number(node.inputs[0]) != nil
            ? node.inputs.reversed() : node.inputs
          guard let number = rewriter.number(operands[1]), number != 0,
            rewriter.shape(operands[0]) == rewriter.shape(value)
          else { return nil }
          scale *= node.operation is Mul ? number : 1 / number
          value = operands[0]
        case is Add:
          guard let place = node.inputs.firstIndex(where: { rewriter.source.constants[$0] != nil }),
            let constant = rewriter.source.constants[node.inputs[place]], constant.type == .float32,
            rewriter.shape(node.inputs[1 - place]) == rewriter.shape(value),
            rewriter.shape(value).elementCount <= maximumScoreCount
          else { return nil }
          try add(constant.broadcast(to: rewriter.shape(value)).floats())
          value = node.inputs[1 - place]
        default: return nil
        }
      }
      return nil
    }

    private mutating func add(_ numbers: [Float]) {
      let scaled = numbers.map { scale * $0 }
      stages[stages.count - 1].addend = Terms.sum(scaled, stages[stages.count - 1].addend)
    }

    private static func sum(_ one: [Float]?, _ other: [Float]?) -> [Float]? {
      guard let one, let other else { return one ?? other }
      return zip(one, other).map { $0 + $1 }
    }

    /// Notes a rounding, of what is multiplied by `scale` later; false where that is no grid.
    private mutating func round(_ grid: ByteGrid) -> Bool {
      guard let scaled = ByteGrid(scale: grid.scale * scale, zeroPoint: grid.zeroPoint) else { return false }
      let last = stages[stages.count - 1]
      // The same twice is the same as once.
      if last.addend == nil, last.grid == nil || last.grid == scaled {
        stages[stages.count - 1].grid = scaled
      } else {
        stages.append((nil, scaled))
      }
      return true
    }

    /// The grids, as an attention has them: of the product, with the bias, and with a mask, which is zero or hides a score.
    /// nil where roundings are others.
    func grids(weight: ByteGrid?) -> ScoreGrids? {
      guard stages.contains(where: { $0.grid != nil }) else { return ScoreGrids(weight: weight) }
      var stages = Array(stages.reversed())
      let product = stages[0].addend == nil ? stages.removeFirst().grid : nil
      guard stages.count <= 2 else { return nil }
      let mask = stages.count == 2 ? stages[1].addend : nil
      guard mask?.allSatisfy({ $0 == 0 || $0 <= WindowMatch.unseen }) ?? true else { return nil }
      // What is hidden stays hidden on the grids behind its mask.
      if let first = stages.firstIndex(where: { $0.addend?.contains { $0 <= WindowMatch.unseen } == true }) {
        let grids = stages[first...].compactMap(\.grid)
        guard grids.allSatisfy({ $0.value(of: 0) <= WindowMatch.unseen }) else { return nil }
      }
      return ScoreGrids(
        product: product, score: stages.first?.grid, masked: stages.count == 2 ? stages[1].grid : nil, weight: weight)
    }
  }
}

/// How the queries, the keys or the values of an attention stand in an image: for each image or window and each head a
/// matrix of tokens x channels.
struct AttentionOperand {
  let view: TokenView
  /// What the product runs over before the matrices, in its order: images and windows, and the heads.
  let batch: [Batch]
  /// Tokens of one matrix, in rows of the view.
  let tokens: [FactoredView.Factor]
  let heads: Int
  /// Channels of a head.
  let depth: Int
  /// The first of all heads' channels.
  let firstChannel: Int
  let firstRow: Int

  struct Batch: Equatable {
    let size: Int
    let isHeads: Bool
    /// In rows, or in channels.
    let stride: Int

    static func == (one: Batch, other: Batch) -> Bool { one.size == other.size && one.isHeads == other.isHeads }
  }

  /// nil where the channels of the heads are not next to each other, or the tokens are no rows.
  init?(_ view: TokenView, tokenAxis: Int, depthAxis: Int) {
    let (width, axes) = (view.image.channels, view.layout.axes)
    let others = axes.indices.filter { $0 != tokenAxis && $0 != depthAxis }
    let outer = FactoredView(axes: [others.flatMap { axes[$0] }]).factors
    let depth = axes[depthAxis].reduce(1) { $0 * $1.size }
    guard axes[depthAxis].isEmpty || axes[depthAxis] == [.init(size: depth, stride: 1)],
      axes[tokenAxis].allSatisfy({ $0.stride % width == 0 })
    else { return nil }
    var batch: [Batch] = []
    for factor in outer {
      let isHeads = factor.stride % width != 0
      guard !isHeads || factor.stride == depth else { return nil }
      batch.append(
        Batch(size: factor.size, isHeads: isHeads, stride: isHeads ? factor.stride : factor.stride / width))
    }
    let headFactors = batch.filter(\.isHeads)
    guard headFactors.count <= 1 else { return nil }
    self.view = view
    self.batch = batch
    self.depth = depth
    tokens = axes[tokenAxis].map { .init(size: $0.size, stride: $0.stride / width) }
    heads = headFactors.first?.size ?? 1
    (firstRow, firstChannel) = view.layout.offset.quotientAndRemainder(dividingBy: width)
    guard firstChannel + heads * depth <= width else { return nil }
  }

  var channels: Range<Int> { firstChannel..<firstChannel + heads * depth }

  var tokenCount: Int { tokens.reduce(1) { $0 * $1.size } }

  /// Images or windows in the order of the product.
  private var rowFactors: [FactoredView.Factor] {
    batch.filter { !$0.isHeads }.map { .init(size: $0.size, stride: $0.stride) }
  }

  /// The pixel of each token of each image or window, token fastest, -1 in the padding.
  var pixels: [Int] { FactoredView.places(rowFactors + tokens, from: firstRow).map { view.pixel($0) } }

  /// The product's elements in a matrix of the rows `pixels`, with so many channels in each head.
  func layout(depth: Int) -> FactoredView {
    let width = heads * depth
    var rows = pixelCount
    func next(_ size: Int) -> FactoredView.Factor {
      rows /= size
      return FactoredView.Factor(size: size, stride: rows * width)
    }
    let outer = batch.map { $0.isHeads ? FactoredView.Factor(size: $0.size, stride: depth) : next($0.size) }
    let inner = [next(tokenCount), FactoredView.Factor(size: depth, stride: 1)]
    return FactoredView(axes: [outer + inner])
  }

  private var pixelCount: Int { rowFactors.reduce(tokenCount) { $0 * $1.size } }
}
