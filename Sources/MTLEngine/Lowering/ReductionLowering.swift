import MTLGraph

/// Sums, means, norms and extremes of row-major values along axes.
enum ReductionLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    let facts = node.inputs.map { value -> Fact? in
      if let constant = planner.constant(value) { return Fact(constant) }
      return value == .absent ? nil : Fact(.float32, planner.shape(of: value))
    }
    guard let reduction = try Reduction(node.operation, facts), !reduction.steps.isEmpty, !reduction.starts.isEmpty
    else {
      return false
    }
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    guard input.isContiguous else { return false }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let split = WorkSplit(
      groupCount: 1, rowCount: reduction.starts.count, work: input.elementCount, threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(node.operation.name.lowercasedASCII, images: 1, split: split) { part, arena in
        let (from, to) = unsafe (operands[0].pointer(in: arena), operands[1].pointer(in: arena))
        for row in part.rows { unsafe to[row] = reduce(reduction, from + reduction.starts[row]) }
      }
    }
    return true
  }

  @unsafe private static func reduce(_ reduction: Reduction, _ from: UnsafePointer<Float>) -> Float {
    switch reduction.kind {
    case .sum: return unsafe Float(reduction.steps.reduce(0.0) { unsafe $0 + Double(from[$1]) })
    case .mean:
      return unsafe Float(reduction.steps.reduce(0.0) { unsafe $0 + Double(from[$1]) } / Double(reduction.steps.count))
    case .squares, .norm:
      let sum = unsafe reduction.steps.reduce(0.0) { unsafe $0 + Double(from[$1]) * Double(from[$1]) }
      return Float(reduction.kind == .norm ? sum.squareRoot() : sum)
    case .largest:
      return unsafe reduction.steps.reduce(-.infinity) { unsafe $0.isNaN || $0 > from[$1] ? $0 : from[$1] }
    case .smallest:
      return unsafe reduction.steps.reduce(.infinity) { unsafe $0.isNaN || $0 < from[$1] ? $0 : from[$1] }
    }
  }
}
