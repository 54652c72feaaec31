import CMTLKernels
import MTLGraph

/// What a convolution's kernel does with its sums before it lets go of them: an activation, a sum or product with another
/// value, a last activation, and of narrow numbers' products the step to such numbers.
struct Epilogue {
  /// What must be equal for two convolutions to be one step.
  struct Kind: Hashable {
    var activation = Activation.none
    /// `MTLK_ADD_OPERAND` or `MTLK_MULTIPLY_OPERAND`; nil without an operand.
    var operation: Int32?
    var operandActivation = Activation.none
    /// What the kernel multiplies, and whether it writes such numbers, too.
    var numbers = NumberFormat.floats
    var writesNumbers = false
  }

  var kind = Kind()
  /// The slope of the leaky activations.
  var slope: Float { max(kind.activation.slope, kind.operandActivation.slope) }

  /// The other value of the sum or product.
  var operand: ValueID?
  /// How the narrow numbers lie that are written.
  private(set) var layout: Layout?
  /// The value that is written in the end.
  var result: ValueID
  /// The nodes that are done with it.
  var absorbed: [Int] = []

  /// The epilogue of every convolution that the direct kernels take. It ends where a part of the network ends, so that
  /// each part's time is its own.
  ///
  /// - Parameters:
  ///   - numbers: what a convolution multiplies.
  ///   - written: how the narrow numbers lie that a node makes, where kernels can write them.
  static func all(
    in graph: Graph, _ shapes: ValueMap<Shape>, _ segments: ValueMap<Segment>, isConstant: (ValueID) -> Bool,
    numbers: (Node) -> NumberFormat, written: (Node) -> Layout?
  ) -> [Int: Epilogue] {
    let readers = Readers(graph)
    var levels: ValueMap<Int> = [:]
    var convolutions: [(node: Int, level: Int)] = []
    for (index, node) in graph.nodes.enumerated() {
      let level = node.dataInputs.reduce(0) { max($0, (levels[$1] ?? 0) + 1) }
      for output in node.outputs { levels[output] = level }
      if ConvolutionLowering.isDirect(node, shapes, isConstant: isConstant) || numbers(node) == .bytes {
        convolutions.append((index, level))
      }
    }
    // Of two convolutions that a sum joins, the one that comes last takes it: nobody then waits for it in vain.
    var claimed: Set<Int> = []
    var result: [Int: Epilogue] = [:]
    for (index, _) in convolutions.sorted(by: { ($0.level, $0.node) > ($1.level, $1.node) }) {
      let epilogue = Epilogue(
        of: index, graph, readers, shapes, segments, isConstant,
        numbers(graph.nodes[index]), written, claimed)
      claimed.formUnion(epilogue.absorbed)
      result[index] = epilogue
    }
    return result
  }

  private init(
    of index: Int, _ graph: Graph, _ readers: Readers, _ shapes: ValueMap<Shape>, _ segments: ValueMap<Segment>,
    _ isConstant: (ValueID) -> Bool, _ numbers: NumberFormat, _ written: (Node) -> Layout?, _ claimed: Set<Int>
  ) {
    let own = graph.nodes[index].outputs[0]
    result = own
    kind.numbers = numbers
    while layout == nil, let reader = readers.only(of: result), !claimed.contains(reader) {
      let node = graph.nodes[reader]
      guard segments[node.outputs[0]] == segments[own] else { break }
      if let activation = Activation(node.operation), canTake(activation) {
        if kind.operation == nil { kind.activation = activation } else { kind.operandActivation = activation }
      } else if kind.operation == nil, let operation = Epilogue.operation(node.operation),
        let other = node.inputs.first(where: { $0 != result }), !isConstant(other), shapes[other] == shapes[result]
      {
        kind.operation = operation
        operand = other
      } else if numbers != .floats, let end = written(node), end.numbers == numbers {
        kind.writesNumbers = true
        layout = end
      } else {
        break
      }
      absorbed.append(reader)
      result = node.outputs[0]
    }
  }

  /// What the kernels are told of it.
  func describe(in window: inout mtlk_window) {
    if kind.activation.isCheap {
      window.activation = kind.activation.code
    } else {
      window.row_activation = kind.activation.code
    }
    window.operand = kind.operation ?? 0
    window.operand_activation = kind.operandActivation.code
    window.slope = slope
  }

  private func canTake(_ activation: Activation) -> Bool {
    if kind.operation == nil { return kind.activation == .none }
    // The kernels know one slope.
    let isOneSlope = kind.activation.slope == 0 || activation.slope == 0 || kind.activation.slope == activation.slope
    return kind.operandActivation == .none && activation.isCheap && isOneSlope
  }

  private static func operation(_ operation: any Operator) -> Int32? {
    switch operation {
    case is Add: Int32(MTLK_ADD_OPERAND)
    case is Mul: Int32(MTLK_MULTIPLY_OPERAND)
    default: nil
    }
  }
}

/// Who reads each value.
private struct Readers {
  private let nodes: ValueMap<Int>
  private let counts: ValueMap<Int>

  init(_ graph: Graph) {
    counts = graph.useCounts()
    var nodes: ValueMap<Int> = [:]
    for (index, node) in graph.nodes.enumerated() {
      for value in node.dataInputs { nodes[value] = index }
    }
    self.nodes = nodes
  }

  /// The node that is a value's only reader.
  func only(of value: ValueID) -> Int? { counts[value] == 1 ? nodes[value] : nil }
}
