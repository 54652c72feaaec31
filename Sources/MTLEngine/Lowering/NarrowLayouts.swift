import CMTLKernels
import MTLGraph

/// The values of a graph that are kept in fewer than 32 bits: those that were rounded to a grid of bytes or to bfloat16, and
/// what only picks or joins such numbers.
enum NarrowLayouts {
  static func all(
    in graph: Graph, _ shapes: ValueMap<Shape>, constant: (ValueID) -> Tensor?
  ) -> ValueMap<Layout> {
    var layouts: ValueMap<Layout> = [:]
    // What only leaves the network leaves it as floats.
    let read = Set(graph.nodes.flatMap(\.inputs))
    let fewChannels = valuesOfPixels(in: graph, shapes, constant)
    for node in graph.nodes {
      let output = node.outputs[0]
      guard constant(output) == nil, read.contains(output), let shape = shapes[output], shape.rank == 4,
        shape.elementCount > 0
      else { continue }
      let isNarrow = shape[1] > Int(MTLK_PIXEL_LANE)
      switch node.operation {
      case let quantize as FakeQuantize where isNarrow || fewChannels.contains(output):
        layouts[output] = .bytes(quantize.grid, lane: Int(isNarrow ? MTLK_BYTE_LANE : MTLK_PIXEL_LANE))
      case is RoundToBFloat16: layouts[output] = .halves
      case is MaxPool where isNarrow: layouts[output] = layouts[node.inputs[0]]
      case let slice as Slice where layouts[node.inputs[0]] == .halves:
        if ViewLowering.isWholeBlocks(slice, of: shapes[node.inputs[0]] ?? [], lane: Layout.halves.lane) {
          layouts[output] = .halves
        }
      case let concat as Concat:
        let parts = node.inputs.map { layouts[$0] }
        if let first = parts[0], first.lane != Int(MTLK_PIXEL_LANE), parts.allSatisfy({ $0 == first }),
          (try? concat.axis(of: shape)) == 1
        {
          layouts[output] = first
        }
      default: break
      }
    }
    return layouts
  }

  /// Values of so few channels that only convolutions know them in bytes, where nobody else reads them.
  private static func valuesOfPixels(
    in graph: Graph, _ shapes: ValueMap<Shape>, _ constant: (ValueID) -> Tensor?
  ) -> Set<ValueID> {
    var result = Set(graph.nodes.filter { $0.operation is FakeQuantize }.map { $0.outputs[0] })
    for node in graph.nodes {
      let isReader = multipliesBytes(node, shapes, constant)
      for (position, value) in node.inputs.enumerated() where !(isReader && position == 0) { result.remove(value) }
    }
    for port in graph.outputs { result.remove(port.value) }
    return result
  }

  /// How the value lies that a rounding makes, in blocks of 64 bytes, which are all that kernels write but for pixels of
  /// pictures.
  static func written(by node: Node, _ layouts: ValueMap<Layout>) -> Layout? {
    guard node.operation is FakeQuantize || node.operation is RoundToBFloat16, let layout = layouts[node.outputs[0]],
      layout.lane != Int(MTLK_PIXEL_LANE)
    else { return nil }
    return layout
  }

  /// What numbers a convolution multiplies: bytes with whole weights, in groups as well, or bfloat16 with weights that are
  /// rounded to it.
  static func numbersMultiplied(
    by node: Node, _ layouts: ValueMap<Layout>, _ shapes: ValueMap<Shape>, _ constant: (ValueID) -> Tensor?
  ) -> NumberFormat {
    guard let layout = layouts[node.inputs[0]] else { return .floats }
    switch layout.numbers {
    case .bytes: return multipliesBytes(node, shapes, constant) ? .bytes : .floats
    case .halves:
      return ConvolutionLowering.isDirect(node, shapes, isConstant: { constant($0) != nil }) ? .halves : .floats
    case .floats: return .floats
    }
  }

  private static func multipliesBytes(
    _ node: Node, _ shapes: ValueMap<Shape>, _ constant: (ValueID) -> Tensor?
  ) -> Bool {
    guard let convolution = node.operation as? Convolution, constant(node.inputs[0]) == nil, node.inputs.count == 4,
      node.inputs.dropFirst().allSatisfy({ constant($0) != nil }), let weight = constant(node.inputs[1]),
      weight.type == .int8, weight.shape[1] > 0
    else { return false }
    // Channels with a filter each have a kernel of their own, and groups are cut from blocks of 64 channels.
    if convolution.groups > 1 {
      guard !convolution.isDepthwise(weight.shape), weight.shape[1] * convolution.groups > Int(MTLK_PIXEL_LANE) else {
        return false
      }
    }
    return weight.shape.dimensions.dropFirst().reduce(1) { $0.saturatingProduct($1) } <= ByteGrid.largestProductCount
  }
}
