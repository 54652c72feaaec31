import MTLGraph

/// What moves row-major elements without computing: other orders of axes, parts, joints and new shapes of values that are
/// no images, or that images leave their blocks for.
enum PlanarCopyLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.outputs[0])
    guard shape.elementCount > 0 else { return false }
    switch node.operation {
    case let transpose as Transpose:
      let strides = planner.shape(of: node.inputs[0]).rowMajorStrides
      return try copy(node, StridedCopy(shape, strides: transpose.order.map { strides[$0] }), in: &planner)
    case let slice as Slice:
      let input = planner.shape(of: node.inputs[0])
      let axis = try slice.axis(of: input)
      var strides = input.rowMajorStrides
      let offset = try slice.range(size: input[axis]).first * strides[axis]
      strides[axis] *= slice.step
      return try copy(node, StridedCopy(shape, strides: strides, offset: offset), in: &planner)
    case let concat as Concat: return try join(node, axis: concat.axis(of: shape), in: &planner)
    case is Reshape, is Flatten:
      let source = try planner.buffer(of: node.inputs[0], as: .planar)
      guard source.isContiguous else { return false }
      let images = max(shape.rank > 0 ? shape[0] : 1, 1)
      planner.makeView(of: node.outputs[0], .planar, partOf: source, imageStride: shape.elementCount / images)
      return true
    default: return false
    }
  }

  private static func copy(
    _ node: Node, _ copy: StridedCopy, in planner: inout Planner
  ) throws(MTLError) -> Bool {
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    guard input.isContiguous else { return false }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let split = WorkSplit(
      groupCount: 1, rowCount: copy.rowCount, work: output.elementCount, threadCount: planner.threadCount)
    let name = node.operation.name.lowercasedASCII
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(name, images: 1, split: split) { part, arena in
        unsafe copy.run(part.rows, from: operands[0].pointer(in: arena), to: operands[1].pointer(in: arena))
      }
    }
    return true
  }

  private static func join(_ node: Node, axis: Int, in planner: inout Planner) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.outputs[0])
    var inputs: [Buffer] = []
    for value in node.inputs { inputs.append(try planner.buffer(of: value, as: .planar)) }
    guard inputs.allSatisfy(\.isContiguous) else { return false }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let rows = shape.dimensions[..<axis].reduce(1, *)
    let lengths = inputs.map { $0.shape.elementCount / max(rows, 1) }
    let whole = lengths.reduce(0, +)
    let split = WorkSplit(groupCount: 1, rowCount: rows, work: output.elementCount, threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: inputs, outputs: [output]) { operands in
      unsafe PartStep("concatenation", images: 1, split: split) { part, arena in
        for row in part.rows {
          var target = unsafe operands[lengths.count].pointer(in: arena) + row * whole
          for (operand, length) in zip(operands, lengths) {
            unsafe target.update(from: operand.pointer(in: arena) + row * length, count: length)
            unsafe target += length
          }
        }
      }
    }
    return true
  }
}

/// A dense row-major value made of elements that stand elsewhere by other strides.
struct StridedCopy {
  /// Where the rows along the last axis begin in the source.
  private let places: BroadcastPlaces
  private let length: Int
  private let step: Int
  private let offset: Int

  init(_ shape: Shape, strides: [Int], offset: Int = 0) {
    places = BroadcastPlaces(dimensions: shape.dimensions.dropLast(), strides: strides.dropLast())
    rowCount = shape.dimensions.dropLast().reduce(1, *)
    length = shape.dimensions.last ?? 1
    step = strides.last ?? 1
    self.offset = offset
  }

  /// Rows along the last axis.
  let rowCount: Int

  @unsafe func run(_ rows: Range<Int>, from source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>) {
    for row in rows {
      let start = unsafe source + offset + places.offset(row)
      let line = unsafe target + row * length
      if step == 1 {
        unsafe line.update(from: start, count: length)
      } else {
        for column in 0..<length { unsafe line[column] = start[column * step] }
      }
    }
  }
}
