import CMTLKernels
import MTLGraph

/// Softmax, or its logarithm, over the last axis of a row-major value. Items are ranges of rows.
enum SoftmaxLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.inputs[0])
    guard node.operation is Softmax || node.operation is LogSoftmax,
      let operation = node.operation as? any AxisOperator, try operation.axis(of: shape) == shape.rank - 1
    else { return false }
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let kernels = planner.kernels
    let isLogarithm: Int32 = node.operation is LogSoftmax ? 1 : 0
    let length = shape[shape.rank - 1]
    let split = WorkSplit(
      groupCount: 1, rowCount: output.elementCount / max(length, 1), work: output.elementCount.saturatingProduct(8),
      threadCount: planner.threadCount)
    let name = "\(isLogarithm == 1 ? "log softmax" : "softmax") \(kernels.instructionSet.name)"
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(name, images: output.elementCount > 0 ? 1 : 0, split: split) { part, arena in
        let start = part.rows.lowerBound * length
        unsafe kernels.functions.pointee.softmax(
          operands[0].pointer(in: arena) + start, operands[1].pointer(in: arena) + start, Int64(part.rows.count),
          Int64(length), isLogarithm)
      }
    }
    return true
  }
}
