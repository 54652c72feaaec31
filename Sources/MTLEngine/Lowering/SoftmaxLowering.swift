import CMTLKernels
import MTLGraph

/// Softmax over the last axis of a row-major value.
enum SoftmaxLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.inputs[0])
    guard let softmax = node.operation as? Softmax, shape.rank < 4, softmax.axis(rank: shape.rank) == shape.rank - 1
    else { return false }
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let kernels = planner.kernels
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      SoftmaxStep(kernels: kernels, input: operands[0], output: operands[1])
    }
    return true
  }
}

private final class SoftmaxStep: Step {
  let kernelName: String
  let itemCount = 1
  private let kernels: KernelSet
  private let input: Operand
  private let output: Operand

  init(kernels: KernelSet, input: Operand, output: Operand) {
    self.kernels = kernels
    kernelName = "softmax \(kernels.instructionSet.name)"
    self.input = input
    self.output = output
  }

  func run(item: Int, arena: UnsafeMutableRawPointer) {
    let length = input.buffer.shape.dimensions.last ?? 1
    unsafe kernels.functions.pointee.softmax(
      input.pointer(in: arena), output.pointer(in: arena), Int64(input.buffer.elementCount / max(length, 1)),
      Int64(length), 0)
  }
}
