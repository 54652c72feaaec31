import MTLGraph

/// The values of a graph that lie on a grid of bytes: those that were put on one, and what only picks or joins numbers of
/// one grid. They are kept in bytes.
enum ByteGrids {
  static func all(in graph: Graph, _ shapes: [ValueID: Shape], isConstant: (ValueID) -> Bool) -> [ValueID: ByteGrid] {
    var grids: [ValueID: ByteGrid] = [:]
    for node in graph.nodes {
      let output = node.outputs[0]
      guard !isConstant(output), let shape = shapes[output], shape.rank == 4, shape.elementCount > 0 else { continue }
      switch node.operation {
      case let quantize as FakeQuantize: grids[output] = quantize.grid
      case is MaxPool: grids[output] = grids[node.inputs[0]]
      case let concat as Concat:
        let parts = node.inputs.map { grids[$0] }
        if let first = parts[0], parts.allSatisfy({ $0 == first }), (try? concat.axis(of: shape)) == 1 {
          grids[output] = first
        }
      default: break
      }
    }
    return grids
  }

  /// Bytes and weights whose products are certain to add up within 32 bits.
  private static let longestSum = Int(Int32.max) / (255 * 128)

  /// Whether a convolution of the direct kernel has bytes to multiply with whole weights.
  static func areMultiplied(
    by node: Node, _ grids: [ValueID: ByteGrid], _ constant: (ValueID) -> Tensor?
  ) -> Bool {
    guard grids[node.inputs[0]] != nil, let weight = constant(node.inputs[1]), weight.type == .int8,
      node.inputs.count == 4
    else { return false }
    return weight.shape.dimensions.dropFirst().reduce(1, *) <= longestSum
  }
}
