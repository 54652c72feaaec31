import MTLGraph

/// Runs a graph node by node: where shapes depend on data, or values are of types that kernels do not know. Nodes with
/// much to multiply run on kernels all the same, each as a network of its own.
final class Interpretation {
  private let graph: Graph
  private let segments: [Segment]
  private let kernels: KernelSet

  init(_ graph: Graph, tasks: [Int], instructionSet: InstructionSet) {
    self.graph = graph
    segments = graph.segments().map { segment in
      switch segment {
      case .encoder: .encoder
      case .shared(let some): .shared(some.map { tasks[$0] })
      case .head(let one): .head(tasks[one])
      }
    }
    kernels = KernelSet.trusted(instructionSet)
  }

  func run(_ inputs: [GraphValue]) throws(MTLError) -> [GraphValue] {
    try graph.computeValues(inputs) { node, arguments throws(MTLError) in
      let tensors = arguments.compactMap { if case .tensor(let tensor)? = $0 { tensor } else { nil } }
      guard node.operation.kinds.isDisjoint(with: [.general, .values]),
        tensors.count == arguments.count, let first = tensors.first, first.type == .float32
      else { return try node.computeValues(arguments) }
      return try node.folded(tensors, kernels).map { .tensor($0) }
    }
  }

  var description: [PlanStep] {
    zip(graph.nodes, segments).map { node, segment in
      PlanStep(
        node: node.name, segment: segment, kernel: "\(node.operation.name), reference evaluation, node by node",
        numbers: .floats, multiplyAccumulates: 0, nanoseconds: 0)
    }
  }
}
