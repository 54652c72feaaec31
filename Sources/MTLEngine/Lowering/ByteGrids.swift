import CMTLKernels
import MTLGraph

/// The values of a graph that lie on a grid of bytes: those that were put on one, and what only picks or joins numbers of
/// one grid. They are kept in bytes.
enum ByteGrids {
  static func all(
    in graph: Graph, _ shapes: [ValueID: Shape], constant: (ValueID) -> Tensor?
  ) -> [ValueID: ByteGrid] {
    var grids: [ValueID: ByteGrid] = [:]
    let narrow = valuesOfPixels(in: graph, shapes, constant)
    for node in graph.nodes {
      let output = node.outputs[0]
      guard constant(output) == nil, let shape = shapes[output], shape.rank == 4, shape.elementCount > 0 else {
        continue
      }
      switch node.operation {
      case let quantize as FakeQuantize where shape[1] > Int(MTLK_PIXEL_LANE) || narrow.contains(output):
        grids[output] = quantize.grid
      case is MaxPool where shape[1] > Int(MTLK_PIXEL_LANE): grids[output] = grids[node.inputs[0]]
      case let concat as Concat:
        let parts = node.inputs.map { grids[$0] }
        let fewest = node.inputs.map { shapes[$0]?.dimensions[1] ?? 0 }.min() ?? 0
        if let first = parts[0], fewest > Int(MTLK_PIXEL_LANE), parts.allSatisfy({ $0 == first }),
          (try? concat.axis(of: shape)) == 1
        {
          grids[output] = first
        }
      default: break
      }
    }
    return grids
  }

  /// Values of so few channels that only convolutions know them in bytes, where nobody else reads them.
  private static func valuesOfPixels(
    in graph: Graph, _ shapes: [ValueID: Shape], _ constant: (ValueID) -> Tensor?
  ) -> Set<ValueID> {
    var result = Set(graph.nodes.filter { $0.operation is FakeQuantize }.map { $0.outputs[0] })
    for node in graph.nodes {
      let isReader = multipliesBytes(node, shapes, constant)
      for (position, value) in node.inputs.enumerated() where !(isReader && position == 0) { result.remove(value) }
    }
    for port in graph.outputs { result.remove(port.value) }
    return result
  }

  /// The grid of the bytes that a `FakeQuantize` makes in blocks of 64, which are all that kernels write but for pixels of
  /// pictures.
  static func written(
    by node: Node, _ grids: [ValueID: ByteGrid], _ shapes: [ValueID: Shape]
  ) -> ByteGrid? {
    let output = node.outputs[0]
    guard node.operation is FakeQuantize, let grid = grids[output], let shape = shapes[output],
      layout(grid, shape).lane == Int(MTLK_BYTE_LANE)
    else { return nil }
    return grid
  }

  /// How a value on a grid lies.
  static func layout(_ grid: ByteGrid, _ shape: Shape) -> Layout {
    .bytes(grid, lane: Int(shape[1] > Int(MTLK_PIXEL_LANE) ? MTLK_BYTE_LANE : MTLK_PIXEL_LANE))
  }

  /// Whether a node is a convolution of the direct kernel that has bytes to multiply with whole weights.
  static func areMultiplied(
    by node: Node, _ grids: [ValueID: ByteGrid], _ shapes: [ValueID: Shape], _ constant: (ValueID) -> Tensor?
  ) -> Bool {
    grids[node.inputs[0]] != nil && multipliesBytes(node, shapes, constant)
  }

  /// The same of any input.
  private static func multipliesBytes(
    _ node: Node, _ shapes: [ValueID: Shape], _ constant: (ValueID) -> Tensor?
  ) -> Bool {
    guard ConvolutionLowering.isDirect(node, shapes, isConstant: { constant($0) != nil }), node.inputs.count == 4,
      let weight = constant(node.inputs[1]), weight.type == .int8
    else { return false }
    return weight.shape.dimensions.dropFirst().reduce(1) { $0.saturatingProduct($1) } <= ByteGrid.largestProductCount
  }
}
