import MTLGraph

/// Concatenations, slices and new shapes that need no step: another look at bytes that are there.
enum ViewLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    switch node.operation {
    case let concat as Concat: try lowerConcat(node, concat, in: &planner)
    case let slice as Slice: try lowerSlice(node, slice, in: &planner)
    case is Reshape: try lowerReshape(node, in: &planner)
    case is Flatten: try lowerFlatten(node, in: &planner)
    case is FixedSize: try lowerFixedSize(node, in: &planner)
    default: false
    }
  }

  /// A concatenation whose parts were written in place, or are copied there whole.
  private static func lowerConcat(
    _ node: Node, _ concat: Concat, in planner: inout Planner
  ) throws(MTLError) -> Bool {
    let output = node.outputs[0]
    let isPlaced = node.inputs.contains { planner.placements[$0]?.whole == output }
    guard isPlaced else { return false }
    let layout = planner.concatenationLayout(output)
    let whole = planner.existingBuffer(of: output, layout) ?? planner.makeBuffer(for: output, layout)
    var start = 0
    let axis = try concat.axis(of: planner.shape(of: output))
    for value in node.inputs {
      let shape = planner.shape(of: value)
      let first = start
      let offset = axis == 0 ? start * whole.imageStride : whole.channelOffset(start)
      start += shape[axis]
      let home = try planner.buffer(of: value, as: layout)
      // Parts that begin within a block of narrow numbers are copied there.
      let isThere =
        (axis == 0 || first % layout.lane == 0) && home.storage == whole.storage
        && home.elementOffset == whole.elementOffset + offset
        && home.imageStride == whole.imageStride
      guard !isThere else { continue }
      switch layout.numbers {
      case .bytes: ByteLowering.copy(node.name, from: home, to: whole, firstChannel: first, in: &planner)
      case .halves: HalfLowering.copy(node.name, from: home, to: whole, firstChannel: first, in: &planner)
      case .floats:
        let target = planner.makePart(of: whole, shape: shape, elementOffset: offset)
        LayoutStep.add(nodeName: node.name, from: home, to: target, in: &planner)
      }
    }
    return true
  }

  /// Whole blocks of channels, or images.
  private static func lowerSlice(_ node: Node, _ slice: Slice, in planner: inout Planner) throws(MTLError) -> Bool {
    let input = planner.shape(of: node.inputs[0])
    let axis = try slice.axis(of: input)
    let (first, count) = try slice.range(size: input[axis])
    guard slice.step == 1, axis <= 1, count > 0 else { return false }
    if input.rank == 2, input[0] == 1 || axis == 0 {
      let source = try planner.buffer(of: node.inputs[0], as: .planar)
      let offset = axis == 0 ? first * source.imageStride : first
      planner.makeView(
        of: node.outputs[0], .planar, partOf: source, elementOffset: offset, imageStride: source.imageStride)
      return true
    }
    let layout = planner.narrowLayouts[node.outputs[0]] == .halves ? Layout.halves : .blocked
    guard input.rank == 4, axis == 0 || isWholeBlocks(slice, of: input, lane: layout.lane) else { return false }
    let source = try planner.buffer(of: node.inputs[0], as: layout)
    planner.makeView(
      of: node.outputs[0], layout, partOf: source,
      elementOffset: axis == 0 ? first * source.imageStride : source.channelOffset(first),
      imageStride: source.imageStride)
    return true
  }

  /// Whether a slice takes neighbouring channels that begin with a block of `lane`, and end with one or with the value.
  static func isWholeBlocks(_ slice: Slice, of input: Shape, lane: Int) -> Bool {
    guard input.rank == 4, slice.step == 1, (try? slice.axis(of: input)) == 1,
      let (first, count) = try? slice.range(size: input[1])
    else { return false }
    return first % lane == 0 && (count % lane == 0 || first + count == input[1])
  }

  /// The pixels of images in other rows: their order stays.
  private static func lowerReshape(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    let (input, output) = (planner.shape(of: node.inputs[0]), planner.shape(of: node.outputs[0]))
    guard input.rank == 4, output.rank == 4, input[0] == output[0], input[1] == output[1] else {
      return try lowerFlatten(node, in: &planner)
    }
    let source = try planner.buffer(of: node.inputs[0], as: .blocked)
    planner.makeView(of: node.outputs[0], .blocked, partOf: source, imageStride: source.imageStride)
    return true
  }

  /// Rows that lie as the value does: one pixel and whole blocks, or a value in plain order.
  private static func lowerFlatten(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    let (input, output) = (planner.shape(of: node.inputs[0]), planner.shape(of: node.outputs[0]))
    if input.rank == 4, output.rank == 2, output[0] == input[0], input[2] * input[3] == 1,
      let source = planner.existingBuffer(of: node.inputs[0]), source.isContiguous,
      input[0] == 1 || input[1] % Layout.lane == 0
    {
      planner.makeView(of: node.outputs[0], .planar, partOf: source, imageStride: input[1])
      return true
    }
    guard input.rank != 4, output.rank != 4 else { return false }
    let source = try planner.buffer(of: node.inputs[0], as: .planar)
    guard source.isContiguous else { return false }
    planner.makeView(
      of: node.outputs[0], .planar, partOf: source, imageStride: output.dimensions.dropFirst().reduce(1, *))
    return true
  }

  /// The value itself: its size was proved when shapes were.
  private static func lowerFixedSize(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let source = planner.anyBuffer(of: node.inputs[0]) else { return false }
    planner.makeView(of: node.outputs[0], source.layout, partOf: source, imageStride: source.imageStride)
    return true
  }
}
