import CMTLKernels
import MTLGraph

/// Concatenations, slices and borders of images that need a copy: those along rows, columns and images, and those along
/// channels that do not begin with a block.
enum CopyLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.outputs[0])
    guard shape.rank == 4, shape.elementCount > 0 else { return false }
    switch node.operation {
    case let concat as Concat:
      let axis = try concat.axis(of: shape)
      if axis == 1 { return try joinChannels(node, in: &planner) }
      var start = 0
      var regions: [Region] = []
      for (index, value) in node.inputs.enumerated() {
        let part = planner.shape(of: value)
        regions.append(Region(operand: index, size: part).moved(to: start, axis: axis))
        start += part[axis]
      }
      return try copy(node, regions, in: &planner)
    case let slice as Slice:
      let input = planner.shape(of: node.inputs[0])
      let axis = try slice.axis(of: input)
      let first = try slice.range(size: input[axis]).first
      if axis == 1 { return slice.step == 1 ? try cutChannels(node, first: first, in: &planner) : false }
      return try copy(
        node, [Region(operand: 0, size: shape).taken(from: first, step: slice.step, axis: axis)], in: &planner)
    case let pad as Pad:
      let region = Region(operand: 0, size: planner.shape(of: node.inputs[0]))
        .moved(to: pad.padding.top, axis: 2).moved(to: pad.padding.left, axis: 3)
      return try copy(node, [region], border: pad.value, in: &planner)
    default: return false
    }
  }

  /// Items are images x parts.
  private static func joinChannels(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    var inputs: [Buffer] = []
    var firsts: [Int] = []
    var channels = 0
    for value in node.inputs {
      inputs.append(try planner.buffer(of: value, as: .blocked))
      firsts.append(channels)
      channels += inputs[inputs.count - 1].shape[1]
    }
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    let (parts, total) = (inputs.map { $0.shape[1] }, channels)
    let split = WorkSplit(
      groupCount: parts.count, rowCount: 1, images: output.imageCount, work: output.imageElementCount,
      threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: inputs, outputs: [output]) { operands in
      unsafe PartStep("concatenation", images: output.imageCount, split: split) { part, arena in
        for index in part.groups {
          unsafe mtlk_scatter(
            operands[index].pointer(in: arena, image: part.image), Int64(output.pixelCount),
            operands[parts.count].pointer(in: arena, image: part.image), Int64(output.pixelCount), nil,
            Int64(firsts[index]), Int64(parts[index]), Int64(total))
        }
      }
    }
    return true
  }

  private static func cutChannels(_ node: Node, first: Int, in planner: inout Planner) throws(MTLError) -> Bool {
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    let split = planner.split(output, workPerElement: 1, splitsRows: false)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep("slice", images: output.imageCount, split: split) { part, arena in
        let begin = part.groups.lowerBound * Layout.lane
        let depth = min(part.groups.upperBound * Layout.lane, output.shape[1]) - begin
        unsafe mtlk_gather(
          operands[0].pointer(in: arena, image: part.image), Int64(input.pixelCount), nil, nil, Int64(first + begin),
          Int64(depth), Int64(output.pixelCount),
          operands[1].pointer(in: arena, image: part.image) + begin * output.pixelCount)
      }
    }
    return true
  }

  /// - Parameter border: what is outside of all regions; nil where they cover everything.
  private static func copy(
    _ node: Node, _ regions: [Region], border: Float? = nil, in planner: inout Planner
  ) throws(MTLError) -> Bool {
    var inputs: [Buffer] = []
    for value in node.inputs { inputs.append(try planner.buffer(of: value, as: .blocked)) }
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    let split = planner.split(output, workPerElement: 1, splitsRows: false)
    let name = node.operation.name.lowercasedASCII
    planner.add(nodeName: node.name, inputs: inputs, outputs: [output]) { operands in
      let target = operands[operands.count - 1]
      return unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        for block in part.groups {
          let plane = unsafe target.pointer(in: arena, image: part.image) + block * output.pixelCount * Layout.lane
          if let border { unsafe fill(plane, output, block: block, border) }
          for region in regions where region.images.contains(part.image) {
            unsafe region.copy(operands[region.operand], to: plane, output, image: part.image, block: block, arena)
          }
        }
      }
    }
    return true
  }
}

/// Fills a block's channels; what fills the block up stays zero.
@unsafe private func fill(_ plane: UnsafeMutablePointer<Float>, _ buffer: Buffer, block: Int, _ value: Float) {
  let lanes = min(buffer.shape[1] - block * Layout.lane, Layout.lane)
  for pixel in 0..<buffer.pixelCount {
    for lane in 0..<Layout.lane { unsafe plane[pixel * Layout.lane + lane] = lane < lanes ? value : 0 }
  }
}

/// A part of an operand and the place that it gets in the output, by axis: images, channels (all of them), rows, columns.
private struct Region {
  let operand: Int
  private let size: Shape
  private var from = [0, 0, 0, 0]
  private var step = [1, 1, 1, 1]
  private var to = [0, 0, 0, 0]

  init(operand: Int, size: Shape) {
    self.operand = operand
    self.size = size
  }

  func moved(to place: Int, axis: Int) -> Region {
    var region = self
    region.to[axis] = place
    return region
  }

  func taken(from place: Int, step: Int, axis: Int) -> Region {
    var region = self
    (region.from[axis], region.step[axis]) = (place, step)
    return region
  }

  /// Images of the output.
  var images: Range<Int> { to[0]..<to[0] + size[0] }

  @unsafe func copy(
    _ operand: Operand, to plane: UnsafeMutablePointer<Float>, _ output: Buffer, image: Int, block: Int,
    _ arena: UnsafeMutableRawPointer
  ) {
    let lane = Layout.lane
    let input = operand.buffer
    let source = unsafe operand.pointer(in: arena, image: from[0] + (image - to[0]) * step[0])
    let (row, targetRow) = (input.shape[3] * lane, output.shape[3] * lane)
    unsafe mtlk_copy_pixels(
      source + block * input.pixelCount * lane + from[2] * row + from[3] * lane, Int64(step[2] * row),
      Int64(step[3] * lane), plane + to[2] * targetRow + to[3] * lane, Int64(targetRow), Int64(lane), Int64(size[2]),
      Int64(size[3]))
  }
}
