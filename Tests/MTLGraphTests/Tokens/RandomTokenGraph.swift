import TestSupport

@testable import MTLGraph

/// Graphs of random operators on tokens: moves of all kinds, layers on the last axis, sums, means and attention.
struct RandomTokenGraph {
  private(set) var graph = Graph()
  private(set) var inputShape: Shape
  private var random: SeededRandom
  private var values: [(value: ValueID, shape: Shape)] = []
  private let isRounded: Bool
  private static let maximumElementCount = 3000

  /// - Parameter isRounded: whether values are rounded to grids here and there, as by quantizers.
  init(seed: UInt64, steps: Int, isRounded: Bool = false) throws {
    random = SeededRandom(seed: seed)
    self.isRounded = isRounded
    inputShape = [
      random.integer(1...2), random.pick([1, 2, 4, 6]), random.integer(1...6), random.integer(1...6),
    ]
    values = [(graph.addInput("x"), inputShape)]
    if !random.once(in: 4) { try add(Transpose([0, 2, 3, 1]), [values[0].value]) }
    for _ in 0..<steps { try step() }
    graph.addOutput("last", values[values.count - 1].value)
    graph.addOutput("other", random.pick(values).value)
  }

  mutating func input() -> Tensor { random.tensor(inputShape) }

  private mutating func add(_ operation: any Operator, _ inputs: [ValueID]) throws {
    let made = graph.add(operation, name: "node \(graph.nodes.count)", inputs)
    let shape = try graph.shapes(for: [inputShape])[made] ?? []
    values.append((made, shape))
  }

  private mutating func constant(_ shape: Shape) -> ValueID { graph.addConstant(random.tensor(shape)) }

  private mutating func step() throws {
    // Mostly what was made last, so that chains get long.
    let (value, shape) = random.once(in: 5) ? random.pick(values) : values[values.count - 1]
    if try round(value) { return }
    switch random.integer(0...12) {
    case 0, 1: try add(Transpose(Array(0..<shape.rank).shuffled(using: &random)), [value])
    case 2, 3: try add(Reshape(regrouped(shape)), [value])
    case 4: try cut(value, shape)
    case 5: try roll(value, shape)
    case 6: try widen(value, shape)
    case 7: try normalizeOrProject(value, shape)
    case 8: try add(random.pick([Relu(), Gelu()] as [any Operator]), [value])
    case 9: try combine(value, shape)
    case 10: try attend(value, shape)
    case 11: try pool(value, shape)
    default: try join(value, shape)
    }
  }

  /// Rounds every other time, to one of two grids, so that the same one comes again.
  private mutating func round(_ value: ValueID) throws -> Bool {
    guard isRounded, random.once(in: 2) else { return false }
    let grid = random.once(in: 3) ? ByteGrid(scale: 0.125, zeroPoint: 128) : ByteGrid(scale: 0.06, zeroPoint: 100)
    guard let grid else { return false }
    try add(FakeQuantize(grid: grid), [value])
    return true
  }

  private mutating func roundLast() throws { _ = try round(values[values.count - 1].value) }

  /// The same elements in other axes: one is split, or two are joined.
  private mutating func regrouped(_ shape: Shape) -> [Int] {
    var dimensions = shape.dimensions
    let axis = random.integer(0...shape.rank - 1)
    let divisors = (1...max(dimensions[axis], 1)).filter { dimensions[axis] % $0 == 0 }
    if shape.rank < 6, random.once(in: 2) {
      let part = random.pick(divisors)
      dimensions[axis] /= part
      dimensions.insert(part, at: axis + 1)
    } else if axis > 0, shape.rank > 1 {
      dimensions[axis - 1] *= dimensions[axis]
      dimensions.remove(at: axis)
    }
    return dimensions
  }

  private mutating func cut(_ value: ValueID, _ shape: Shape) throws {
    let axis = random.integer(0...shape.rank - 1)
    let start = random.integer(0...shape[axis] - 1)
    let end = random.integer(start + 1...shape[axis])
    try add(Slice(axis: axis, start: start, end: end, step: random.integer(1...2)), [value])
  }

  private mutating func roll(_ value: ValueID, _ shape: Shape) throws {
    let axis = random.integer(0...shape.rank - 1)
    guard shape[axis] > 1 else { return }
    let shift = random.integer(1...shape[axis] - 1)
    try add(Slice(axis: axis, start: shift), [value])
    let behind = values[values.count - 1].value
    try add(Slice(axis: axis, start: 0, end: shift), [value])
    try add(Concat(axis: axis), [behind, values[values.count - 1].value])
  }

  private mutating func widen(_ value: ValueID, _ shape: Shape) throws {
    guard shape.elementCount < RandomTokenGraph.maximumElementCount / 4 else { return }
    let pads = (0..<2 * shape.rank).map { _ in random.once(in: 3) ? 1 : 0 }
    try add(GeneralPad(mode: .constant, pads: NumberList(attribute: pads, orInput: 1), value: 0), [value])
  }

  private mutating func normalizeOrProject(_ value: ValueID, _ shape: Shape) throws {
    let channels = shape[shape.rank - 1]
    if random.once(in: 2) {
      guard channels > 3 else { return }
      return try add(LayerNormalization(axis: -1), [value, constant([channels]), constant([channels])])
    }
    let outputs = random.pick([2, 3, 6])
    try add(Reshape([shape.elementCount / channels, channels]), [value])
    let bias = random.once(in: 2) ? [constant([outputs])] : []
    try add(Gemm(), [values[values.count - 1].value, constant([outputs, channels])] + bias)
    try add(Reshape(shape.dimensions.dropLast() + [outputs]), [values[values.count - 1].value])
  }

  private mutating func combine(_ value: ValueID, _ shape: Shape) throws {
    let operation = random.pick([Add(), Sub(), Mul()] as [any Operator])
    let channels = shape[shape.rank - 1]
    let other: ValueID
    switch random.integer(0...4) {
    case 0: other = constant([])
    case 1: other = constant([channels])
    case 2: other = constant(Shape([1] + shape.dimensions.dropFirst()))
    case 3: other = constant(shape)
    default: other = random.pick(values.filter { $0.shape == shape }).value
    }
    try add(operation, random.once(in: 2) ? [value, other] : [other, value])
  }

  private mutating func attend(_ value: ValueID, _ shape: Shape) throws {
    guard shape.rank >= 3,
      shape.elementCount / shape[shape.rank - 1] * shape[shape.rank - 2]
        < RandomTokenGraph.maximumElementCount
    else { return }
    let (depth, rank) = (shape[shape.rank - 1], shape.rank)
    var order = Array(0..<rank)
    order.swapAt(rank - 1, rank - 2)
    try add(Transpose(order), [value])
    try roundLast()
    try add(MatMul(), [value, values[values.count - 1].value])
    try roundLast()
    let scale = random.once(in: 2) ? 1 / Float(depth).squareRoot() : 0.7
    try add(Mul(), [values[values.count - 1].value, graph.addConstant(Tensor([scale], shape: []))])
    try roundLast()
    if random.once(in: 3) { try combineScores() }
    try roundLast()
    try add(Softmax(axis: -1), [values[values.count - 1].value])
    try roundLast()
    try add(MatMul(), [values[values.count - 1].value, value])
  }

  /// A bias of each score, the same for all images.
  private mutating func combineScores() throws {
    let (scores, shape) = values[values.count - 1]
    try add(Add(), [scores, constant(Shape([1] + shape.dimensions.dropFirst()))])
  }

  private mutating func pool(_ value: ValueID, _ shape: Shape) throws {
    guard shape.rank >= 3 else { return }
    let axes = Array(0..<shape.rank).shuffled(using: &random).prefix(random.integer(1...2)).map { $0 }
    let attributes = Attributes(
      ["axes": .integers(axes), "keepdims": .integer(random.once(in: 2) ? 1 : 0)], opset: 13, inputCount: 1,
      outputCount: 1)
    try add(ReduceMean(ReductionSettings(attributes)), [value])
  }

  private mutating func join(_ value: ValueID, _ shape: Shape) throws {
    guard shape.elementCount < RandomTokenGraph.maximumElementCount / 2 else { return }
    let axis = random.integer(0...shape.rank - 1)
    let others = values.filter { other in
      other.shape.rank == shape.rank && (0..<shape.rank).allSatisfy { $0 == axis || other.shape[$0] == shape[$0] }
    }
    let other = random.once(in: 4) ? constant(shape) : random.pick(others).value
    try add(Concat(axis: axis), random.once(in: 2) ? [value, other] : [other, value])
  }
}
