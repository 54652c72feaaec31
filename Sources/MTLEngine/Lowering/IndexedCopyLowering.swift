import MTLGraph

/// Operators that move row-major elements by constants: the place of each one is found once, when the plan is made.
enum IndexedCopyLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let operation = node.operation as? any MovingOperator, node.outputs.count == 1,
      planner.constant(node.inputs[0]) == nil
    else { return false }
    let (shape, source) = (planner.shape(of: node.outputs[0]), planner.shape(of: node.inputs[0]))
    let others = node.inputs.dropFirst().map { $0 == .absent ? nil : planner.constant($0) }
    guard zip(node.inputs.dropFirst(), others).allSatisfy({ $0 == .absent || $1 != nil }), shape.elementCount > 0,
      max(shape.elementCount, source.elementCount) < Int(Int32.max), fillsWithZeros(node, others)
    else { return false }
    let moved = try operation.compute([Tensor(placesOf: source)] + others)[0]
    let places = moved.integers().map { Int32($0 - 1) }
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    guard input.isContiguous else { return false }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let split = WorkSplit(groupCount: places.count, rowCount: 1, work: places.count, threadCount: planner.threadCount)
    let name = node.operation.name.lowercasedASCII
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(name, images: 1, split: split) { part, arena in
        let (from, to) = unsafe (operands[0].pointer(in: arena), operands[1].pointer(in: arena))
        unsafe places.withUnsafeBufferPointer { places in
          for index in part.groups {
            let place = unsafe Int(places[index])
            unsafe to[index] = place < 0 ? 0 : from[place]
          }
        }
      }
    }
    return true
  }

  /// A border of another number is no moved element.
  private static func fillsWithZeros(_ node: Node, _ others: [Tensor?]) -> Bool {
    guard let pad = node.operation as? GeneralPad else { return true }
    return pad.fillsWithZeros(others.count > 1 ? others[1] : nil)
  }
}
